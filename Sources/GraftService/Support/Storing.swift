import GraftAPI
import GraftStore

/// What `body` returns; the errors of the store that it throws, as they are told to a client.
func storing<R>(
    isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> sending R
) async throws(Problem) -> sending R {
    do {
        return try await body()
    } catch let problem as Problem {
        throw problem
    } catch let error as StoreError {
        throw Problem(error)
    } catch {
        throw Problem(.internal, detail: "\(error)")
    }
}

extension Problem {
    /// What the store's errors are to a client.
    init(_ error: StoreError) {
        let kind: Kind =
            switch error {
            case .badLabel: .badLabel
            case .unknownLabel: .unknownLabel
            case .labelExists: .labelExists
            case .unknownSample: .unknownSample
            case .unknownVersion: .unknownVersion
            case .versionUnusable, .purgedMeanwhile: .versionUnusable
            case .diskFull: .storeFull
            case .alreadyOpen, .newerSchema, .notWritable, .corrupt, .failed: .storeFailed
            }
        self.init(kind, detail: error.description)
    }
}
