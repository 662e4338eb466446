/// Which part of the samples a sample is held out with, fixed for its life.
///
/// Samples of one group (the frames of one burst, say) share a fold, so no head is judged on what it has as good as seen.
/// The fold depends on the group's name alone, not on what else was taught, and is the same on every machine.
package enum Folds {
    package static let count = 5

    /// The fold, in `0..<count`, of the group called `name`; a sample without a group is its own, named by its digest.
    ///
    /// FNV-1a over the UTF-8 bytes, 64 bits (RFC 9923), then the finaliser of SplitMix64, because FNV's low bits mix little.
    package static func fold(ofGroup name: String) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 {
            hash ^= UInt64(byte)
            hash &*= 0x0000_0100_0000_01b3
        }
        hash = (hash ^ hash >> 30) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ hash >> 27) &* 0x94d0_49bb_1331_11eb
        hash ^= hash >> 31
        return Int(hash % UInt64(count))
    }
}
