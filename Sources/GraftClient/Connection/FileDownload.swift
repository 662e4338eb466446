import AsyncHTTPClient
import Foundation
import GraftAPI
import NIOCore

extension GraftClient {
    /// Writes the body of a successful answer to the open file `descriptor`, piece by piece.
    ///
    /// - Parameters:
    ///   - name: What the file is called in errors.
    ///   - onProgress: Is told how many bytes came, and how many will come where the daemon says so.
    func download(
        _ call: Call, to descriptor: CInt, named name: String, onProgress: (Int, Int?) -> Void = { _, _ in }
    ) async throws(ClientError) {
        // Hundreds of megabytes from a slow card may take minutes; this only ends what would never end.
        let timeout = Duration.seconds(3600)
        let response = try await send(call, deadline: .now() + TimeAmount(timeout), timeout: timeout)
        guard response.status == .ok else {
            let body = try await collect(response, timeout: timeout)
            throw Self.failure(status: Int(response.status.code), body: body)
        }
        let total = response.headers.first(name: "content-length").flatMap { Int($0) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        var pieces = response.body.makeAsyncIterator()
        var done = 0
        while true {
            let piece: ByteBuffer?
            do {
                piece = try await pieces.next()
            } catch {
                throw translated(error, timeout: timeout)
            }
            guard let piece else { break }
            do {
                try file.write(contentsOf: Data(piece.readableBytesView))
            } catch {
                throw .unwritableFile(path: name, reason: error.localizedDescription)
            }
            done += piece.readableBytes
            onProgress(done, total)
        }
        guard total == nil || done == total else { throw .interrupted(detail: "\(done) of \(total ?? 0) bytes came") }
    }
}
