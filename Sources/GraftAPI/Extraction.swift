/// How far the loaded backbone is with the kept images of samples that were taught under another one: the data of the event
/// `extraction`, and a part of `GET /v1/status`.
package struct ExtractionProgress: Codable, Sendable, Equatable {
    /// The loaded backbone.
    package var backbone: String
    package var fingerprint: String
    /// Samples that were taught under another backbone and have features of this one now.
    package var done: Int
    /// Samples that wait to be extracted again.
    package var waiting: Int
    /// The two together; the rest of the samples has no image to extract again.
    package var total: Int
    /// Kept images that could not be read; they are not tried again.
    package var unreadable: Int

    package init(backbone: String, fingerprint: String, done: Int, waiting: Int, unreadable: Int) {
        self.backbone = backbone
        self.fingerprint = fingerprint
        self.done = done
        self.waiting = waiting
        total = done + waiting
        self.unreadable = unreadable
    }
}

/// Samples that have features of another backbone only, and so take no part.
package struct OtherBackbone: Codable, Sendable, Equatable {
    package var fingerprint: String
    /// The name it was last loaded under, where that is known.
    package var name: String?
    package var samples: Int
    /// Of these, how many wait to be extracted again.
    package var waiting: Int
    /// Of these, how many have a kept image that could not be read.
    package var unreadable: Int
    /// Of these, how many have no kept image: they answer again when their backbone is loaded again.
    package var withoutImage: Int

    package init(fingerprint: String, name: String?, samples: Int, waiting: Int, unreadable: Int) {
        self.fingerprint = fingerprint
        self.name = name
        self.samples = samples
        self.waiting = waiting
        self.unreadable = unreadable
        withoutImage = samples - waiting - unreadable
    }
}

/// The images that were kept with their samples.
package struct KeptImages: Codable, Sendable, Equatable {
    /// What is kept of newly taught images: `none`, `thumbnail` or `original`.
    package var keep: String
    package var images: Int
    package var bytes: Int
    /// Where these bytes are reached, further samples are taught without their image.
    package var byteLimit: Int

    package init(keep: String, images: Int, bytes: Int, byteLimit: Int) {
        self.keep = keep
        self.images = images
        self.bytes = bytes
        self.byteLimit = byteLimit
    }
}
