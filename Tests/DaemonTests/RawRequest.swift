import Foundation
import Glibc

/// One HTTP request as it is written, which the client would never send.
struct RawRequest: Sendable {
    let status: Int
    /// The status line and the headers.
    let head: String
    let body: String

    /// Sends `body` to `path` with POST over the socket at `socket`, and reads the answer to its end.
    init(post path: String, _ body: String, socket: String) throws {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socket.utf8.prefix($0.count - 1)) }
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        let head =
            "POST \(path) HTTP/1.1\r\nhost: graftd\r\nconnection: close\r\ncontent-length: \(body.utf8.count)\r\n\r\n"
        try handle.write(contentsOf: Data((head + body).utf8))
        let answer = String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
        status = Int(answer.split(separator: " ").dropFirst().first ?? "") ?? 0
        self.head = (answer.components(separatedBy: "\r\n\r\n").first ?? "") + "\r\n"
        self.body = answer.components(separatedBy: "\r\n\r\n").dropFirst().joined(separator: "\r\n\r\n")
    }
}
