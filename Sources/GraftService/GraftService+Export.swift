import GraftAPI
import GraftCheckpoint
import GraftStore

extension GraftService {
    /// Version `number` and the backbone that it belongs to, as one file; 0 is the analytic head as it is now.
    ///
    /// - Throws: `Problem` of kind `unknown-version`, `version-unusable`, `no-labels`, `no-backbone` or `unknown-backbone`.
    package func export(_ number: Int) async throws(Problem) -> VersionExport {
        let (_, vision) = try visionOfLiveModel()
        let fingerprint =
            number == 0
            ? vision.backbone.fingerprint : try await storing { try await store.version(Int64(number)) }.fingerprint
        guard let (file, featureCount) = backboneFolder.file(ofFingerprint: fingerprint) else {
            throw Problem(
                .unknownBackbone,
                detail: "the backbone that version \(number) belongs to (\(fingerprint.prefix(12))) is not here any "
                    + "more: import it again")
        }
        let named = try await learner.namedHead(
            ofVersion: Int64(number), fingerprint: fingerprint, featureCount: featureCount)
        do {
            return try VersionExport(named, backbone: file)
        } catch {
            throw Problem(.versionUnusable, detail: "version \(number) cannot be exported: \(error)")
        }
    }
}
