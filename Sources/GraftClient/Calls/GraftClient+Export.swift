import AsyncHTTPClient
import Foundation
import GraftAPI
import NIOCore

/// Weights out.
extension GraftClient {
    /// Writes version `number` with its backbone to a new file at `path`, as the daemon sends it: safetensors with canonical
    /// names. 0 is the analytic head as it is now.
    package func export(version number: Int, to path: String) async throws(ClientError) {
        let call = Call("GET", RequestTarget("v1", "versions", String(number), "export"))
        // Hundreds of megabytes from a slow card may take minutes; this only ends what would never end.
        let timeout = Duration.seconds(3600)
        let response = try await send(call, deadline: .now() + TimeAmount(timeout), timeout: timeout)
        guard response.status == .ok else {
            let body = try await collect(response, timeout: timeout)
            throw Self.failure(status: Int(response.status.code), body: body)
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .unwritableFile(path: path, reason: String(cString: strerror(errno)))
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var pieces = response.body.makeAsyncIterator()
        while true {
            let piece: ByteBuffer?
            do {
                piece = try await pieces.next()
            } catch {
                throw translated(error, timeout: timeout)
            }
            guard let piece else { return }
            do {
                try file.write(contentsOf: Data(piece.readableBytesView))
            } catch {
                throw .unwritableFile(path: path, reason: error.localizedDescription)
            }
        }
    }
}
