import GraftAPI
import GraftService
import Hummingbird
import NIOCore

extension RouteTable {
    /// The network that features come from.
    mutating func addBackboneRoutes(_ service: GraftService) {
        on(.get, "/v1/backbones", by: .classify) { _, _ in
            try Response(try await service.backbones())
        }
        on(.get, "/v1/backbones/{name}", by: .classify) { _, context in
            try Response(try await service.backbone(context.parameter("name")))
        }
        on(.put, "/v1/backbones/{name}", by: .admin) { request, context in
            let upload = try service.beginBackbone(named: context.parameter("name"))
            for try await chunk in request.body {
                try upload.write(chunk.readableBytesView)
            }
            return try Response(try await service.install(upload), status: .created)
        }
    }
}
