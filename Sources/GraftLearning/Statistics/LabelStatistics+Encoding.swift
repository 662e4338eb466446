/// The saved form, little-endian as every CPU that we run on, in words of eight bytes: a mark, D, the number of labels; for each label, ascending by
/// id, its id, its count and its sums `[D]`; then the panels of the second moment.
extension LabelStatistics {
    private static let mark = "GRAFTST1"
    /// Bounds what an encoding can make a reader allocate: 32 GB of moments would be no statistics of ours.
    private static let featureCountLimit = 16384
    private static let wordBytes = 8

    package func encoded() -> [UInt8] {
        let words = 3 + labelCount * (2 + featureCount) + moment.panels.reduce(0) { $0 + $1.count }
        var bytes = Array(Self.mark.utf8)
        bytes.reserveCapacity(words * Self.wordBytes)
        func append(_ word: UInt64) { withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) } }
        // As they are in memory: a million words one by one would take as long as a second of teaching.
        func append(_ values: [Double]) { values.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        append(UInt64(featureCount))
        append(UInt64(labelCount))
        for id in labelIDs {
            append(UInt64(bitPattern: id))
            append(UInt64(labels[id]!.count))
            append(labels[id]!.sums)
        }
        for panel in moment.panels { append(panel) }
        return bytes
    }

    /// What ``encoded()`` made.
    ///
    /// - Throws: `malformed` for any bytes that it cannot have made, as far as lengths, limits and integers tell.
    package init(decoding bytes: [UInt8]) throws(StatisticsError) {
        var reader = WordReader(bytes: bytes)
        guard try reader.next() == reader.word(Array(Self.mark.utf8)) else { throw .malformed(detail: "no mark") }
        let (features, labelCount) = (try reader.next(), try reader.next())
        guard features <= Self.featureCountLimit, labelCount <= Self.sampleLimit else {
            throw .malformed(detail: "\(features) features and \(labelCount) labels")
        }
        let order = Int(features)
        let panelCounts = (0..<SecondMoment.panelCount(order: order)).map {
            SecondMoment.elementCount(ofPanel: $0, order: order)
        }
        let words = 3 + Int(labelCount) * (2 + order) + panelCounts.reduce(0, +)
        guard bytes.count == words * Self.wordBytes else {
            throw .malformed(detail: "\(bytes.count) bytes, expected \(words * Self.wordBytes)")
        }

        var labels: [Int64: Label] = [:]
        var samples = 0
        for _ in 0..<labelCount {
            let id = Int64(bitPattern: try reader.next())
            let count = try reader.next()
            guard count >= 1, count <= Self.sampleLimit, labels[id] == nil else {
                throw .malformed(detail: "label \(id) a second time, or with \(count) samples")
            }
            samples += Int(count)
            labels[id] = Label(count: Int(count), sums: try reader.integers(order))
        }
        guard samples <= Self.sampleLimit else { throw .tooManySamples(count: samples, limit: Self.sampleLimit) }
        var panels: [[Double]] = []
        for count in panelCounts { panels.append(try reader.integers(count)) }
        self.init(featureCount: order, labels: labels, moment: SecondMoment(order: order, panels: panels))
    }
}

/// Reads little-endian words of eight bytes.
private struct WordReader {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() throws(StatisticsError) -> UInt64 {
        guard position + 8 <= bytes.count else { throw .malformed(detail: "cut short at byte \(bytes.count)") }
        defer { position += 8 }
        return bytes.withUnsafeBytes {
            UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: UInt64.self))
        }
    }

    /// The word that eight bytes make.
    func word(_ bytes: [UInt8]) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }

    /// `count` integers as 64-bit floats, each exact.
    mutating func integers(_ count: Int) throws(StatisticsError) -> [Double] {
        var values = [Double](repeating: 0, count: count)
        for i in values.indices {
            let value = Double(bitPattern: try next())
            guard value.magnitude <= 0x1p53, value == value.rounded() else {
                throw .malformed(detail: "\(value) is no exact integer")
            }
            values[i] = value
        }
        return values
    }
}
