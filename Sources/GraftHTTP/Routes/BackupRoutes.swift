import GraftService
import HTTPTypes
import Hummingbird
import NIOCore

extension RouteTable {
    /// Everything that is kept.
    mutating func addBackupRoutes(_ service: GraftService) {
        // What it would be is known once a copy of everything is made.
        on(.get, "/v1/backup", by: .admin, takesHead: false) { _, _ in
            let backup = try await service.backup()
            return Response(
                status: .ok, headers: [.contentType: "application/x-tar", .cacheControl: "no-store"],
                body: ResponseBody(contentLength: backup.byteCount) { writer in
                    while let piece = try await backup.next() { try await writer.write(ByteBuffer(bytes: piece)) }
                    try await writer.finish(nil)
                })
        }
    }
}
