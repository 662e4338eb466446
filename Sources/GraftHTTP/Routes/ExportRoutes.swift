import GraftAPI
import GraftService
import HTTPTypes
import Hummingbird
import NIOCore

extension RouteTable {
    /// Weights out.
    mutating func addExportRoutes(_ service: GraftService) {
        on(.get, "/v1/versions/{version}/export", by: .admin) { _, context in
            let export = try await service.export(context.number("version"))
            return Response(
                status: .ok, headers: [.contentType: "application/octet-stream", .cacheControl: "no-store"],
                body: ResponseBody(contentLength: export.byteCount) { writer in
                    try await offEventLoop {
                        try await export.forEachPiece { try await writer.write(ByteBuffer(bytes: $0)) }
                    }
                    try await writer.finish(nil)
                })
        }
    }
}
