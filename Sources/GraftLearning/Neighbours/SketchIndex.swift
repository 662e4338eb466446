import GraftTensor

/// The sketches of all samples, by label: which of them may be nearly copies of a new one, and how far the nearest is.
///
/// 90 bytes a sample; a search compares with every sample of one label, 100,000 of them in about a millisecond.
package struct SketchIndex: Sendable {
    /// The distance of two sketches whose features are near (``Nearness/cosine``), 512 · acos(0.95) / π = 52, and three standard
    /// deviations.
    private static let distanceLimit = 52 + 21
    /// How many of the closest are worth to be looked at whole.
    package static let candidateLimit = 4

    /// The samples of a label.
    private struct Shelf: Sendable {
        var ids: [String] = []
        var sketches: [SIMD8<UInt64>] = []
        /// So many samples at the beginning are near-duplicates of no earlier one.
        var originals = 0

        mutating func add(_ id: String, _ sketch: SIMD8<UInt64>, isOriginal: Bool) {
            ids.append(id)
            sketches.append(sketch)
            guard isOriginal else { return }
            ids.swapAt(originals, ids.count - 1)
            sketches.swapAt(originals, sketches.count - 1)
            originals += 1
        }

        mutating func remove(_ id: String) -> (sketch: SIMD8<UInt64>, isOriginal: Bool)? {
            guard let index = ids.firstIndex(of: id) else { return nil }
            ids.remove(at: index)
            let isOriginal = index < originals
            if isOriginal { originals -= 1 }
            return (sketches.remove(at: index), isOriginal)
        }
    }

    private var shelves: [Int64: Shelf] = [:]

    package init() {}

    /// - Parameter isOriginal: Whether it is a near-duplicate of no earlier sample.
    package mutating func add(_ id: String, label: Int64, sketch: FeatureSketch, isOriginal: Bool) {
        shelves[label, default: Shelf()].add(id, sketch.words, isOriginal: isOriginal)
    }

    /// Moves a sample to another label; nil for none.
    package mutating func move(_ id: String, from label: Int64, to target: Int64?) {
        guard let moved = shelves[label]?.remove(id) else { return }
        if let target { shelves[target, default: Shelf()].add(id, moved.sketch, isOriginal: moved.isOriginal) }
    }

    /// The samples of `label` that may be near-duplicates of one with this sketch, the closest first.
    package func candidates(_ sketch: FeatureSketch, label: Int64) -> [String] {
        guard let shelf = shelves[label] else { return [] }
        var closest: [(distance: Int, id: String)] = []
        for (i, other) in shelf.sketches.enumerated() {
            let distance = FeatureSketch(words: other).distance(to: sketch)
            guard distance <= Self.distanceLimit else { continue }
            if closest.count == Self.candidateLimit, distance >= closest[closest.count - 1].distance { continue }
            let place = closest.firstIndex { $0.distance > distance } ?? closest.count
            closest.insert((distance, shelf.ids[i]), at: place)
            if closest.count > Self.candidateLimit { closest.removeLast() }
        }
        return closest.map(\.id)
    }

    /// How far the nearest sample of `label` is from one with this sketch, among the originals where there are any; nil where
    /// there is none.
    ///
    /// - Parameter leavingOutItself: Whether the sketch is that of one of these, which does not count.
    package func distance(ofNearestTo sketch: FeatureSketch, label: Int64, leavingOutItself: Bool = false) -> Int? {
        guard let shelf = shelves[label] else { return nil }
        let count = shelf.originals > 0 ? shelf.originals : shelf.sketches.count
        let nearest = InstructionSet.inUse.kernels.differences(
            of: sketch.words, fromNearestAmong: shelf.sketches.span.extracting(first: count))
        return leavingOutItself ? nearest.second : nearest.first
    }
}
