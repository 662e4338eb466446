import GraftAPI
import GraftLearning
import GraftStore

/// A version's head at one moment, with the names of its rows.
struct NamedHead: Sendable {
    let reference: ModelReference
    let head: LinearHead
    /// In the order of the head's rows.
    let labels: [String]
    /// What is known now and the head lacks, by name.
    let missingLabels: [String]
}

extension Learner {
    /// What version `number` answers by: for 0 the analytic head as it is now, else the version's own head over those of its
    /// labels that still are. The daemon adds the analytic head's answers for labels that came later; a head that stands
    /// alone cannot.
    ///
    /// - Parameters:
    ///   - fingerprint: The backbone that the version belongs to.
    ///   - featureCount: That backbone's.
    func namedHead(
        ofVersion number: Int64, fingerprint: String, featureCount: Int
    ) async throws(Problem) -> NamedHead {
        try await exclusively { () throws(Problem) in
            // Under another backbone nothing is known of a label but that it still has a name.
            let isLoaded = try loadedVision().backbone.fingerprint == fingerprint
            let known = isLoaded ? statistics.labelIDs.filter { names[$0] != nil } : Array(names.keys)
            guard !known.isEmpty else {
                throw Problem(
                    .noLabels, detail: "no label has been taught yet: teach one with `graftctl teach --label L FILE`")
            }
            let version = try await load(number, fingerprint: fingerprint, featureCount: featureCount)
            let whole = version.head ?? AnalyticHead(statistics, calibration: version.calibration).linear
            let head = whole.keeping(Set(known))
            guard !head.labels.isEmpty else {
                throw Problem(
                    .versionUnusable,
                    detail: "every label of version \(number) was forgotten or merged into another: train again")
            }
            let has = Set(head.labels)
            return NamedHead(
                reference: ModelReference(version: Int(number), revision: Int(lastChange - version.snapshotChange)),
                head: head, labels: head.labels.map { names[$0]! },
                missingLabels: known.filter { !has.contains($0) }.map { names[$0]! }.sorted())
        }
    }
}
