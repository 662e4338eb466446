import GraftAPI
import GraftCheckpoint
import GraftLearning
import GraftStore

/// A version's head at one moment, with the names of its rows.
struct NamedHead: Sendable {
    let reference: ModelReference
    let head: VersionHead
    /// The parameters that the version has instead of the backbone's.
    let own: StateDict
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
            var whole = VersionHead.linear(AnalyticHead(statistics).linear)
            var own: StateDict = [:]
            var snapshot: Int64 = 0
            if number != 0 {
                let version = try await read(number, fingerprint: fingerprint, featureCount: featureCount)
                whole = version.0.head
                snapshot = version.snapshot
                do {
                    own = try version.0.ownTensors()
                } catch {
                    throw Problem(.versionUnusable, detail: "version \(number) cannot be read: \(error); train again")
                }
            }
            let head = whole.keeping(Set(known))
            guard !head.labels.isEmpty else {
                throw Problem(
                    .versionUnusable,
                    detail: "every label of version \(number) was forgotten or merged into another: train again")
            }
            let has = Set(head.labels)
            return NamedHead(
                reference: ModelReference(version: Int(number), revision: Int(lastChange - snapshot)),
                head: head, own: own, labels: head.labels.map { names[$0]! },
                missingLabels: known.filter { !has.contains($0) }.map { names[$0]! }.sorted())
        }
    }
}
