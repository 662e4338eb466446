/// What a frozen version and the analytic head say together.
package enum CombinedAnswer {
    /// The probability of every label that the analytic head knows, ascending by id.
    ///
    /// A label that the version lacks, because it is too new or has too few samples, gets the analytic head's
    /// probability; the version's labels share what is left, as the version's head divides it. A label of the version
    /// that the analytic head lacks has been forgotten or merged away, and gets nothing.
    package static func probabilities(
        analytic: AnalyticHead, version: (any LabelHead)?, features: some HeadInput
    ) -> [(label: Int64, probability: Float)] {
        let prior = analytic.probabilities(of: features)
        let shares = version.map { ($0.labels, $0.probabilities(of: features)) } ?? ([], [])
        let combined = combine(
            analyticLabels: analytic.labels, analytic: prior, versionLabels: shares.0, version: shares.1)
        return zip(analytic.labels, combined).map { (label: $0, probability: $1) }
    }

    /// The same of probabilities that are there already: for each of `analyticLabels`, ascending, its probability.
    static func combine(
        analyticLabels: [Int64], analytic: [Float], versionLabels: [Int64], version: [Float]
    ) -> [Float] {
        // Both lists ascend, so one walk finds where the version's labels are.
        var positions: [(analytic: Int, version: Int)] = []
        var v = 0
        for (a, label) in analyticLabels.enumerated() {
            while v < versionLabels.count && versionLabels[v] < label { v += 1 }
            if v < versionLabels.count && versionLabels[v] == label { positions.append((a, v)) }
        }
        let left = positions.reduce(0) { $0 + analytic[$1.analytic] }
        let shared = positions.reduce(0) { $0 + version[$1.version] }
        var combined = analytic
        // Where the version gives its living labels nothing, the analytic head's division stays.
        guard shared > 0 else { return combined }
        for position in positions { combined[position.analytic] = left * (version[position.version] / shared) }
        return combined
    }
}
