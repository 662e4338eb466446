import Foundation
import GraftAPI

/// Weights out, and everything out.
extension GraftClient {
    /// Writes version `number` with its backbone to a new file at `path`, as the daemon sends it: safetensors with canonical
    /// names. 0 is the analytic head as it is now.
    package func export(version number: Int, to path: String) async throws(ClientError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .unwritableFile(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        let call = Call("GET", RequestTarget("v1", "versions", String(number), "export"))
        do {
            try await download(call, to: descriptor, named: path)
        } catch {
            unlink(path)
            throw error
        }
    }

    /// Writes everything that the daemon knows to the open file `descriptor`, as one archive.
    package func backup(
        to descriptor: CInt, named name: String, onProgress: (Int, Int?) -> Void = { _, _ in }
    ) async throws(ClientError) {
        try await download(
            Call("GET", RequestTarget("v1", "backup")), to: descriptor, named: name, onProgress: onProgress)
    }
}
