/// Root features of many samples, row-major: `[N, D]` in the units of ``RootFeatures``.
package struct FeatureRows: Sendable, Equatable {
    /// D.
    package let featureCount: Int
    /// `[N, D]`
    package private(set) var values: [Int16]

    package init(featureCount: Int) {
        self.init(featureCount: featureCount, values: [])
    }

    /// - Precondition: `values` are whole rows.
    package init(featureCount: Int, values: [Int16]) {
        precondition(featureCount >= 0 && (featureCount == 0 ? values.isEmpty : values.count % featureCount == 0))
        self.featureCount = featureCount
        self.values = values
    }

    /// N.
    package var count: Int { featureCount == 0 ? 0 : values.count / featureCount }

    package subscript(row: Int) -> ArraySlice<Int16> { values[row * featureCount..<(row + 1) * featureCount] }

    package mutating func reserveCapacity(_ count: Int) { values.reserveCapacity(count * featureCount) }

    package mutating func append(_ features: RootFeatures) {
        precondition(features.values.count == featureCount)
        values.append(contentsOf: features.values)
    }

    /// The rows numbered `rows`, in that order, as a head over `space` sees them `[n, D]`.
    func floats(of rows: some Collection<Int>, in space: FeatureSpace) -> [Float] {
        var floats: [Float] = []
        floats.reserveCapacity(rows.count * featureCount)
        for row in rows { floats.append(contentsOf: self[row].lazy.map { RootFeatures.value($0, in: space) }) }
        return floats
    }

    /// Writes the rows numbered `rows`, in that order, as a head over `space` sees them, to the beginning of `floats`.
    ///
    /// - Precondition: `floats` has room for them.
    func copy(_ rows: ArraySlice<Int>, in space: FeatureSpace, to floats: inout [Float]) {
        precondition(floats.count >= rows.count * featureCount)
        let values = values.span
        var target = floats.mutableSpan
        var base = 0
        for row in rows {
            let source = values.extracting(row * featureCount..<(row + 1) * featureCount)
            // Once for each space, so that the loop has no choice in it.
            switch space {
            case .roots:
                for i in 0..<featureCount { target[base + i] = RootFeatures.value(source[i], in: .roots) }
            case .plain:
                for i in 0..<featureCount { target[base + i] = RootFeatures.value(source[i], in: .plain) }
            }
            base += featureCount
        }
    }

    /// The rows numbered `rows`, in that order, as 64-bit integers in the features' units `[n, D]`.
    func doubles(of rows: ArraySlice<Int>) -> [Double] {
        var doubles: [Double] = []
        doubles.reserveCapacity(rows.count * featureCount)
        for row in rows { doubles.append(contentsOf: self[row].lazy.map(Double.init)) }
        return doubles
    }
}
