/// The latents that were kept with their samples: what blocks above the cut are trained on.
package struct KeptLatents: Codable, Sendable, Equatable {
    /// How those of newly taught images are kept: `none`, `int8` or `half`.
    package var format: String
    /// The block before which they are taken; absent where none are.
    package var cut: String?
    package var latents: Int
    package var bytes: Int
    /// Where these bytes are reached, latents are evicted; features never are.
    package var byteLimit: Int
    /// How many have been evicted since the state was made.
    package var evicted: Int

    package init(format: String, cut: String?, latents: Int, bytes: Int, byteLimit: Int, evicted: Int) {
        self.format = format
        self.cut = cut
        self.latents = latents
        self.bytes = bytes
        self.byteLimit = byteLimit
        self.evicted = evicted
    }
}
