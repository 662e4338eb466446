import Foundation
import Glibc

/// An HTTP/1.1 connection over a Unix socket that is kept alive, one blocking request after another.
///
/// It does as little as it can, because it shares the processors with the daemon that it measures.
final class KeepAliveConnection {
    /// What was not the answer that a measurement can go on with.
    enum Failure: Error, CustomStringConvertible {
        case cannotConnect(path: String, code: Int32)
        case closed(afterBytes: Int)
        case noHTTP(head: String)

        var description: String {
            switch self {
            case .cannotConnect(let path, let code):
                "nobody answers on \(path): \(String(cString: strerror(code)))"
            case .closed(let bytes): "the connection was closed after \(bytes) bytes of an answer"
            case .noHTTP(let head): "expected an HTTP/1.1 answer with a Content-Length, found '\(head.prefix(200))'"
            }
        }
    }

    struct Answer {
        let status: Int
        let retryAfter: String?
        let body: ArraySlice<UInt8>
    }

    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 16 << 10)

    init(socket path: String) throws(Failure) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected == 0 else {
            let code = errno
            close(descriptor)
            throw .cannotConnect(path: path, code: code)
        }
    }

    deinit { close(descriptor) }

    /// Sends `request`, a whole one, and returns the answer to it.
    func send(_ request: [UInt8]) throws(Failure) -> Answer {
        var sent = 0
        while sent < request.count {
            let count = request.withUnsafeBytes { [descriptor] in
                Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            // Whoever refuses a body may answer before it is sent: that answer is read all the same.
            guard count > 0 else { break }
            sent += count
        }
        return try receive()
    }

    private func receive() throws(Failure) -> Answer {
        var filled = 0
        func more() throws(Failure) {
            if filled == buffer.count { buffer += [UInt8](repeating: 0, count: buffer.count) }
            let count = buffer.withUnsafeMutableBytes { [descriptor] in
                recv(descriptor, $0.baseAddress! + filled, $0.count - filled, 0)
            }
            guard count > 0 else { throw .closed(afterBytes: filled) }
            filled += count
        }
        var end: Int?
        while end == nil {
            let before = max(0, filled - 3)
            try more()
            end = buffer[before..<filled].endOfHead
        }
        let head = String(decoding: buffer[..<end!], as: UTF8.self)
        let lines = head.utf8.split(separator: UInt8(ascii: "\n"))
        func value(_ name: String) -> String? {
            for line in lines where line.count > name.utf8.count && line.dropFirst(name.utf8.count).first == 0x3a {
                // Letters differ from their small ones in one bit.
                guard zip(line, name.utf8).allSatisfy({ $0 | 0x20 == $1 }) else { continue }
                let value = line.dropFirst(name.utf8.count + 1).drop { $0 == 0x20 }
                return String(decoding: value.prefix { $0 != 0x0d }, as: UTF8.self)
            }
            return nil
        }
        guard head.hasPrefix("HTTP/1.1 "), let status = Int(head.dropFirst(9).prefix(3)),
            let length = value("content-length").flatMap({ Int($0) })
        else { throw .noHTTP(head: head) }
        while filled < end! + length { try more() }
        return Answer(status: status, retryAfter: value("retry-after"), body: buffer[end!..<end! + length])
    }
}

extension ArraySlice<UInt8> {
    /// Where the empty line that ends a head ends; nil where there is none.
    fileprivate var endOfHead: Int? {
        guard count >= 4 else { return nil }
        return (startIndex...endIndex - 4).first { self[$0..<$0 + 4].elementsEqual([13, 10, 13, 10]) }.map { $0 + 4 }
    }
}

/// A request with `body`, as it is written.
func request(_ method: String, _ target: String, type: String = "application/json", body: [UInt8] = []) -> [UInt8] {
    let head =
        "\(method) \(target) HTTP/1.1\r\nHost: graftd\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\n\r\n"
    return Array(head.utf8) + body
}
