import GraftAPI
import GraftService
import HTTPTypes
import Hummingbird
import NIOCore

extension RouteTable {
    /// The Open Inference Protocol.
    mutating func addInferenceRoutes(_ service: GraftService) {
        on(.get, "/v2", by: .classify) { _, _ in
            try Response(
                ServerMetadata(name: "graftd", version: GraftService.programVersion, extensions: ["binary_tensor_data"])
            )
        }
        on(.get, "/v2/health/live", by: .classify) { _, _ in
            try Response(["live": true])
        }
        on(.get, "/v2/health/ready", by: .classify) { _, _ in
            // The protocol asks for a status of 4xx or 5xx where the server is not ready.
            try service.requireReady()
            return try Response(["ready": true])
        }
        for version in ["", "/versions/{version}"] {
            let model = "/v2/models/{model}" + version
            on(.get, model, by: .classify) { _, context in
                try await context.requireModel(of: service)
                return try Response(await service.metadata())
            }
            on(.get, model + "/ready", by: .classify) { _, context in
                try await context.requireModel(of: service)
                try service.requireModelReady(version: context.version)
                return try Response(ModelReadiness(name: GraftService.modelName, ready: true))
            }
            on(.post, model + "/infer", by: .classify) { request, context in
                try await context.requireModel(of: service)
                return try await service.infer(request, version: context.version)
            }
        }
    }
}

extension APIContext {
    /// The version in the path; nil where it names none.
    fileprivate var version: String? { parameters.get("version") }

    /// - Throws: `Problem` for another model than ours, or a version that there is not.
    fileprivate func requireModel(of service: GraftService) async throws(Problem) {
        let name = try parameter("model")
        guard name == GraftService.modelName else {
            throw Problem(.notFound, detail: "expected the model '\(GraftService.modelName)', found '\(name)'")
        }
        guard version != nil else { return }
        let number = try number("version")
        if number != 0 { _ = try await service.version(number) }
    }
}

extension GraftService {
    fileprivate static let modelName = "graftd"
    fileprivate static let jsonLength = HTTPField.Name("Inference-Header-Content-Length")!

    fileprivate func metadata() async throws(Problem) -> ModelMetadata {
        let side = model.imageSide ?? -1
        return ModelMetadata(
            name: Self.modelName, versions: try await answerableVersions().map(String.init), platform: "graftd",
            inputs: [
                TensorMetadata(name: "image", datatype: "BYTES", shape: [-1]),
                TensorMetadata(name: "pixels", datatype: "FP32", shape: [-1, side, side, 3]),
            ],
            outputs: [
                TensorMetadata(name: "label", datatype: "BYTES", shape: [-1]),
                TensorMetadata(name: "probability", datatype: "FP32", shape: [-1]),
                TensorMetadata(name: "features", datatype: "FP32", shape: [-1, model.featureCount ?? -1]),
            ])
    }

    fileprivate func infer(_ request: Request, version: String?) async throws -> Response {
        try requireReady()
        try requireActive(version, model.reference)
        let body = Array(try await request.data(limit: configuration.bodyLimit))
        let batch = try InferenceBatch(
            body, jsonLength: request.headers[Self.jsonLength], imageSide: model.imageSide ?? 0)
        let inference = try await infer(
            batch.images, needsLabels: batch.outputs.contains { $0.output != .features })
        // Another one may have begun to answer while the body came.
        try requireActive(version, inference.model)
        return try Response(batch, inference, model: Self.modelName)
    }

    /// - Throws: `Problem` where `version` is not that of `answering`.
    fileprivate func requireActive(_ version: String?, _ answering: ModelReference) throws(Problem) {
        guard let version, version != "\(answering.version)" else { return }
        throw Problem(
            .versionUnusable,
            detail: "version \(version) does not answer, version \(answering.version) does: "
                + "`graftctl activate \(version)` changes that")
    }

    fileprivate func requireModelReady(version: String?) throws(Problem) {
        try requireReady()
        try requireActive(version, model.reference)
        guard model.hasLabels else {
            throw Problem(.noLabels, detail: "no label has been taught yet: POST /v1/samples?label=NAME teaches one")
        }
    }
}

extension Response {
    /// The outputs that were asked for, those in binary form behind the JSON.
    fileprivate init(_ batch: InferenceBatch, _ inference: Inference, model: String) throws {
        let count = inference.answers.count
        var binary: [UInt8] = []
        let outputs = batch.outputs.map { output, isBinary in
            let (shape, data): ([Int], OutputData) =
                switch output {
                case .label: ([count], .texts(inference.answers.map(\.label)))
                case .probability: ([count], .numbers(inference.answers.map(\.probability)))
                case .features:
                    (
                        [count, inference.answers.first?.features.count ?? 0],
                        .numbers(inference.answers.flatMap(\.features))
                    )
                }
            let bytes = isBinary ? data.bytes : []
            binary += bytes
            return InferenceOutput(
                name: output.rawValue, datatype: output == .label ? "BYTES" : "FP32", shape: shape,
                parameters: isBinary ? ["binary_data_size": .integer(bytes.count)] : nil, data: isBinary ? nil : data)
        }
        let json = try APICoding.encoder().encode(
            InferenceResponse(
                modelName: model, modelVersion: "\(inference.model.version)", id: batch.id,
                parameters: ["revision": .integer(inference.model.revision)], outputs: outputs))
        var headers: HTTPFields = [.contentType: APICoding.json]
        if outputs.contains(where: { $0.data == nil }) {
            headers = [.contentType: "application/octet-stream", GraftService.jsonLength: "\(json.count)"]
        }
        self.init(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: json + binary)))
    }
}
