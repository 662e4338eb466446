import GraftAPI
import GraftService
import Hummingbird

extension RouteTable {
    /// Asking, and choosing which version answers.
    mutating func addModelRoutes(_ service: GraftService) {
        on(.post, "/v1/classify", by: .classify, isBrief: true) { request, _ in
            let top = try request.query("top", in: 1...1_000, default: 5)
            let image = try await request.image(service)
            return try await service.classify(image, top: top) { classification in
                Result { try Response(classification) }
            }.get()
        }
        on(.get, "/v1/versions", by: .classify) { _, _ in
            try Response(try await service.versions())
        }
        on(.get, "/v1/versions/{version}", by: .classify) { _, context in
            try Response(try await service.version(context.number("version")))
        }
        on(.post, "/v1/versions/{version}/activate", by: .admin) { _, context in
            try Response(try await service.activate(context.number("version")))
        }
    }
}

extension Request {
    /// The body as an image of the type that `Content-Type` names.
    func image(_ service: GraftService) async throws -> EncodedImage {
        let format = try EncodedImage.format(mediaType: headers.value(of: .contentType))
        return EncodedImage(bytes: try await data(limit: service.configuration.bodyLimit), format: format)
    }
}
