/// An error as RFC 9457 `application/problem+json`.
package struct Problem: Codable, Sendable, Equatable, Error {
    /// A stable name of the kind of problem, `urn:graftd:problem:<name>`.
    package var type: String
    /// The kind in a few words; the same for every occurrence.
    package var title: String
    /// The HTTP status.
    package var status: Int
    /// What was expected, what was found, and what to do.
    package var detail: String
    /// The sample that stands in the way (409 of `POST /v1/samples`).
    package var id: String?
    /// That sample's label.
    package var label: String?

    package init(_ kind: Kind, detail: String, id: String? = nil, label: String? = nil) {
        type = "urn:graftd:problem:\(kind.rawValue)"
        title = kind.title
        status = kind.status
        self.detail = detail
        self.id = id
        self.label = label
    }

    /// The kind this problem's `type` names; nil for one that a newer daemon knows.
    package var kind: Kind? { Kind(rawValue: String(type.dropFirst("urn:graftd:problem:".count))) }

    /// Every kind of problem the API answers. Their names are stable: clients branch on them.
    package enum Kind: String, Sendable, CaseIterable {
        case badRequest = "bad-request"
        case unreadableImage = "unreadable-image"
        case unsupportedImage = "unsupported-image"
        case imageTooLarge = "image-too-large"
        case bodyTooLarge = "body-too-large"
        case unsupportedType = "unsupported-type"
        case headTooLarge = "head-too-large"
        case requestTimeout = "request-timeout"
        case expectationFailed = "expectation-failed"
        case forbidden
        case badLabel = "bad-label"
        case unknownLabel = "unknown-label"
        case unknownSample = "unknown-sample"
        case unknownAnswer = "unknown-answer"
        case unknownVersion = "unknown-version"
        case unknownBackbone = "unknown-backbone"
        case noJob = "no-job"
        case notFound = "not-found"
        case methodNotAllowed = "method-not-allowed"
        case labelConflict = "label-conflict"
        case labelExists = "label-exists"
        case noLabels = "no-labels"
        case tooFewSamples = "too-few-samples"
        case trainingRuns = "training-runs"
        case versionUnusable = "version-unusable"
        case strategyUnavailable = "strategy-unavailable"
        case badBackbone = "bad-backbone"
        case badConfiguration = "bad-configuration"
        case noBackbone = "no-backbone"
        case busy
        case stopping
        case storeFull = "store-full"
        case storeFailed = "store-failed"
        case `internal`

        package var status: Int {
            switch self {
            case .badRequest, .unreadableImage, .badLabel: 400
            case .forbidden: 403
            case .unknownLabel, .unknownSample, .unknownAnswer, .unknownVersion, .unknownBackbone, .noJob, .notFound:
                404
            case .methodNotAllowed: 405
            case .requestTimeout: 408
            case .labelConflict, .labelExists, .noLabels, .tooFewSamples, .trainingRuns, .versionUnusable,
                .strategyUnavailable:
                409
            case .imageTooLarge, .bodyTooLarge: 413
            case .unsupportedImage, .unsupportedType: 415
            case .expectationFailed: 417
            case .badBackbone, .badConfiguration: 422
            case .headTooLarge: 431
            case .internal, .storeFailed: 500
            case .noBackbone, .busy, .stopping: 503
            case .storeFull: 507
            }
        }

        package var title: String {
            switch self {
            case .badRequest: "The request is not understood"
            case .unreadableImage: "The image cannot be read"
            case .unsupportedImage: "Not a supported image type"
            case .imageTooLarge: "The image has too many pixels"
            case .bodyTooLarge: "The body is too large"
            case .unsupportedType: "Not a supported type of body"
            case .headTooLarge: "The request's head is too large"
            case .requestTimeout: "The request did not come in time"
            case .expectationFailed: "The expectation cannot be met"
            case .forbidden: "The role does not allow this"
            case .badLabel: "Not a usable label"
            case .unknownLabel: "No such label"
            case .unknownSample: "No such sample"
            case .unknownAnswer: "No such recent answer"
            case .unknownVersion: "No such version"
            case .unknownBackbone: "No such backbone"
            case .noJob: "No training job"
            case .notFound: "No such address"
            case .methodNotAllowed: "The method is not allowed here"
            case .labelConflict: "The same image has another label"
            case .labelExists: "The label exists already"
            case .noLabels: "No label has been taught yet"
            case .tooFewSamples: "Too few samples to train"
            case .trainingRuns: "A training job runs already"
            case .versionUnusable: "The version cannot be activated"
            case .strategyUnavailable: "The strategy is not available"
            case .badBackbone: "Not a usable backbone file"
            case .badConfiguration: "The configuration is wrong"
            case .noBackbone: "No backbone is loaded"
            case .busy: "Too many requests wait"
            case .stopping: "The service is stopping"
            case .storeFull: "The disk is full"
            case .storeFailed: "The store failed"
            case .internal: "An internal error"
            }
        }
    }
}
