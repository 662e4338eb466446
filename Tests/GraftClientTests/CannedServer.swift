import Foundation
import Glibc
import Synchronization
import TestSupport

/// One request, as it came.
struct ReceivedRequest: Sendable {
    /// Method, target and version.
    var line: String
    /// By name in lower case.
    var headers: [String: String]
    var body: Data
}

/// A Unix socket that listens; the kernel completes connections to it even while nobody accepts them.
final class ListeningSocket: Sendable {
    let path: String
    let descriptor: CInt

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("s").path
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        precondition(path.utf8.count < MemoryLayout.size(ofValue: address.sun_path))
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard descriptor >= 0, status == 0, listen(descriptor, 16) == 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
    }

    deinit { close(descriptor) }
}

/// A server at a Unix socket that gives prepared answers, one after another, and keeps what it was asked.
///
/// A thread of its own serves one connection at a time with blocking calls: just enough HTTP/1.1 to speak to one client.
final class CannedServer: Sendable {
    private let listener: ListeningSocket
    private let received = Mutex<[ReceivedRequest]>([])

    /// Serves `answers`, each the full text of an HTTP answer; the connection is closed after each one.
    init(_ answers: [String]) throws {
        listener = try ListeningSocket()
        Thread { [self] in
            for answer in answers { serve(answer) }
        }.start()
    }

    var socket: String { listener.path }

    var requests: [ReceivedRequest] { received.withLock { $0 } }

    /// An answer with a body and its length.
    static func answer(_ status: String, type: String = "application/json", headers: String = "", _ body: String)
        -> String
    {
        "HTTP/1.1 \(status)\r\ncontent-type: \(type)\r\ncontent-length: \(body.utf8.count)\r\n\(headers)"
            + "connection: close\r\n\r\n\(body)"
    }

    private func serve(_ answer: String) {
        let connection = accept(listener.descriptor, nil, nil)
        guard connection >= 0 else { return }
        let handle = FileHandle(fileDescriptor: connection, closeOnDealloc: true)
        guard let request = Self.read(handle) else { return }
        received.withLock { $0.append(request) }
        try? handle.write(contentsOf: Data(answer.utf8))
    }

    private static func read(_ handle: FileHandle) -> ReceivedRequest? {
        var bytes = Data()
        let end = Data("\r\n\r\n".utf8)
        while bytes.range(of: end) == nil {
            guard let more = try? handle.read(upToCount: 1), !more.isEmpty else { return nil }
            bytes += more
        }
        let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespaces)
        }
        var body = Data()
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while body.count < length {
            guard let more = try? handle.read(upToCount: length - body.count), !more.isEmpty else { return nil }
            body += more
        }
        return ReceivedRequest(line: lines[0], headers: headers, body: body)
    }
}
