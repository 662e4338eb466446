/// Which of some samples say least beside the others: those whose features are nearest to another one's.
///
/// Features are compared by sketches of 32 numbers, sums of features with random signs, whose distances are those of the
/// features in expectation (Charikar, Chen and Farach-Colton 2002).
struct NearDuplicates {
    /// How many samples are compared with each other at a time: a million pairs take some milliseconds.
    static let windowSize = 1024

    private let sketches: [SIMD32<Float>]

    /// - Parameter features: Of each sample; all of one length.
    init(_ features: [[Int16]]) { sketches = features.map(Self.sketch) }

    /// The indices of `count` samples to go: the later of the nearest two, then of the nearest two of the rest.
    ///
    /// - Precondition: there are as many.
    func mostLike(_ count: Int) -> [Int] {
        precondition(count <= sketches.count)
        var kept = Array(sketches.indices)
        var gone: [Int] = []
        while gone.count < count {
            guard kept.count > 1 else { return gone + kept }
            let neighbours = nearest(among: kept)
            var isGone = Set<Int>()
            let order = kept.indices.sorted { (neighbours[$0].distance, $0) < (neighbours[$1].distance, $1) }
            for k in order where gone.count < count {
                let pair = [k, neighbours[k].index]
                guard isGone.isDisjoint(with: pair) else { continue }
                isGone.insert(pair.max()!)
                gone.append(kept[pair.max()!])
            }
            kept = kept.indices.filter { !isGone.contains($0) }.map { kept[$0] }
        }
        return gone
    }

    /// Of each of `kept`, the nearest other one, by its place in `kept`.
    private func nearest(among kept: [Int]) -> [(index: Int, distance: Float)] {
        var nearest = kept.map { _ in (index: 0, distance: Float.infinity) }
        for i in kept.indices.dropFirst() {
            for j in 0..<i {
                let difference = sketches[kept[i]] - sketches[kept[j]]
                let distance = (difference * difference).sum()
                if distance < nearest[i].distance { nearest[i] = (j, distance) }
                if distance < nearest[j].distance { nearest[j] = (i, distance) }
            }
        }
        return nearest
    }

    private static func sketch(_ features: [Int16]) -> SIMD32<Float> {
        var sums = [Float](repeating: 0, count: 32)
        for (i, feature) in features.enumerated() {
            // Knuth's multiplicative hash; its upper bit is as good as a coin.
            let hash = UInt32(truncatingIfNeeded: i) &* 2_654_435_761
            sums[i % 32] += hash >> 31 == 0 ? Float(feature) : -Float(feature)
        }
        return SIMD32(sums)
    }
}
