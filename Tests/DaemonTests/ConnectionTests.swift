import Foundation
import Glibc
import GraftAPI
import GraftClient
import Testing

extension DaemonTests {
    /// Clients that speak HTTP badly, slowly, or in numbers.
    @Suite struct ConnectionTests {
        private static let host = "Host: localhost\r\n"

        private struct Exchange: Sendable, CustomTestStringConvertible {
            var name: String
            /// What is sent before the end of sending.
            var request: String
            var statuses: [Int]
            var says: [String] = []
            var testDescription: String { name }
        }

        private static func get(_ path: String, _ headers: String = "") -> String {
            "GET \(path) HTTP/1.1\r\n\(host)\(headers)\r\n"
        }

        private static func post(_ path: String, _ headers: String, _ body: String = "") -> String {
            "POST \(path) HTTP/1.1\r\n\(host)\(headers)\r\n\(body)"
        }

        private static let exchanges: [Exchange] = [
            Exchange(name: "half-closed after a request", request: get("/v2/health/live"), statuses: [200]),
            Exchange(
                name: "three requests at once",
                request: get("/v2/health/live") + get("/v1/nothing") + get("/v2/health/live"),
                statuses: [200, 404, 200]),
            Exchange(
                name: "HTTP/1.0", request: "GET /v2/health/live HTTP/1.0\r\n\r\n", statuses: [200],
                says: ["connection: close"]),
            Exchange(
                name: "nothing after Connection: close",
                request: get("/v2/health/live", "Connection: close\r\n") + get("/v2/health/live"), statuses: [200],
                says: ["connection: close"]),
            Exchange(
                name: "no host", request: "GET /v2/health/live HTTP/1.1\r\n\r\n", statuses: [400],
                says: ["one Host header, found 0", "problem:bad-request"]),
            Exchange(name: "no HTTP", request: "\u{1}\u{2}\r\n\r\n", statuses: [400], says: ["problem:bad-request"]),
            Exchange(name: "HTTP/2", request: "GET / HTTP/2.0\r\n\(host)\r\n", statuses: [400], says: ["HTTP/1.1"]),
            Exchange(
                name: "a long header", request: get("/", "X: \(String(repeating: "x", count: 20_000))\r\n"),
                statuses: [431], says: ["16384 bytes"]),
            Exchange(
                name: "many headers", request: get("/", String(repeating: "X: x\r\n", count: 200)), statuses: [431],
                says: ["100 headers"]),
            Exchange(
                name: "a body that is too short", request: post("/v1/train", "Content-Length: 100\r\n", "{}"),
                statuses: [400], says: ["ended before the request did"]),
            Exchange(
                name: "a body that is too long", request: post("/v1/train", "Content-Length: 2\r\n", "{}more"),
                statuses: [503], says: ["connection: close"]),
            Exchange(
                name: "a length that is none", request: post("/v1/train", "Content-Length: -2\r\n"), statuses: [400],
                says: ["Content-Length"]),
            Exchange(
                name: "two lengths",
                request: post("/v1/train", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
                statuses: [400]),
            Exchange(
                name: "chunks",
                request: post("/v1/train", "Transfer-Encoding: chunked\r\n", "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"),
                statuses: [503], says: ["no-backbone"]),
            Exchange(
                name: "a chunk without a size", request: post("/v1/train", "Transfer-Encoding: chunked\r\n", "zz\r\n"),
                statuses: [400], says: ["chunk"]),
            Exchange(
                name: "an expectation that is met",
                request: post("/v1/train", "Expect: 100-continue\r\nContent-Length: 2\r\n", "{}"),
                statuses: [100, 503]),
            Exchange(
                name: "an expectation of something else",
                request: post("/v1/train", "Expect: 200-ok\r\nContent-Length: 2\r\n", "{}"), statuses: [417],
                says: ["'200-ok'"]),
            Exchange(
                name: "a wrong method", request: post("/v1/status", "Content-Length: 0\r\n"), statuses: [405],
                says: ["Allow: GET, HEAD, OPTIONS"]),
            Exchange(
                name: "OPTIONS", request: "OPTIONS /v1/train HTTP/1.1\r\n\(host)\r\n", statuses: [204],
                says: ["Allow: POST, GET, DELETE, HEAD, OPTIONS"]),
            Exchange(
                name: "a type that is not JSON",
                request: post("/v1/train", "Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}"),
                statuses: [415], says: ["expected application/json", "found 'text/plain'"]),
            Exchange(
                name: "an encoding",
                request: post("/v1/train", "Content-Encoding: gzip\r\nContent-Length: 2\r\n", "{}"),
                statuses: [415], says: ["gzip"]),
            Exchange(
                name: "an error of the inference protocol", request: get("/v2/models/other"), statuses: [404],
                says: [#"{"error":"expected the model 'graftd'"#]),
        ]

        @Test func everyRequestThatIsNoneGetsAnAnswerThatSaysWhy() async throws {
            try await RunningDaemon.with(backbone: false) { daemon in
                for exchange in Self.exchanges {
                    let connection = try RawConnection(socket: daemon.socket)
                    connection.send(exchange.request)
                    connection.finishSending()
                    let answer = connection.readToEnd()
                    #expect(RawConnection.statuses(answer) == exchange.statuses, "\(exchange.name): \(answer)")
                    for words in exchange.says { #expect(answer.contains(words), "\(exchange.name): \(answer)") }
                }
            }
        }

        @Test func HEADIsGETWithoutTheBody() async throws {
            try await RunningDaemon.with(backbone: false) { daemon in
                let connection = try RawConnection(socket: daemon.socket)
                connection.send("HEAD /v2/health/live HTTP/1.1\r\n\(Self.host)\r\n")
                connection.finishSending()
                let answer = connection.readToEnd()
                #expect(answer.hasPrefix("HTTP/1.1 200"))
                #expect(answer.contains("Content-Length: 13\r\n"))
                #expect(answer.hasSuffix("\r\n\r\n"))
            }
        }

        @Test func aProblemToHEADHasNoBodyEither() async throws {
            try await RunningDaemon.with(backbone: false) { daemon in
                let connection = try RawConnection(socket: daemon.socket)
                connection.send("HEAD /v1/samples/none HTTP/1.1\r\n\(Self.host)\r\n")
                // What followed the head would be taken for the next answer.
                connection.send("GET /v2/health/live HTTP/1.1\r\n\(Self.host)\r\n")
                connection.finishSending()
                let answer = connection.readToEnd()
                #expect(RawConnection.statuses(answer) == [404, 200])
                #expect(answer.contains("\r\n\r\nHTTP/1.1 200"), "\(answer)")
            }
        }

        @Test(arguments: ["/v1/backup", "/v1/events"])
        func HEADIsNotTakenWhereItsAnswerTakesTheWholeWork(path: String) async throws {
            try await RunningDaemon.with(backbone: false) { daemon in
                let connection = try RawConnection(socket: daemon.socket)
                connection.send("HEAD \(path) HTTP/1.1\r\n\(Self.host)\r\n")
                connection.send("OPTIONS \(path) HTTP/1.1\r\n\(Self.host)\r\n")
                connection.finishSending()
                let answer = connection.readToEnd()
                #expect(RawConnection.statuses(answer) == [405, 204])
                #expect(answer.ranges(of: "Allow: GET, OPTIONS\r\n").count == 2, "\(answer)")
                let files = try FileManager.default.contentsOfDirectory(atPath: daemon.state)
                #expect(!files.contains { $0.hasPrefix(".backup-") })
            }
        }

        @Test func aBodyThatIsNotWantedIsNotAskedFor() async throws {
            try await RunningDaemon.with(backbone: false) { daemon in
                for (path, length, status) in [("/v1/classify", 200_000_000, 413), ("/v1/nothing", 20, 404)] {
                    let connection = try RawConnection(socket: daemon.socket)
                    connection.send(
                        Self.post(
                            path, "Content-Type: image/png\r\nExpect: 100-continue\r\nContent-Length: \(length)\r\n"))
                    let answer = connection.readToEnd()
                    #expect(RawConnection.statuses(answer) == [status], "\(answer)")
                    #expect(answer.contains("connection: close"))
                }
            }
        }

        @Test func whoSendsTooMuchIsToldSo() async throws {
            try await RunningDaemon.with(backbone: false, configuration: "bodyLimit: 100000") { daemon in
                let connection = try RawConnection(socket: daemon.socket)
                connection.send(
                    Self.post(
                        "/v1/classify", "Content-Type: image/png\r\nContent-Length: 20000000\r\n",
                        String(repeating: "x", count: 20_000_000)))
                #expect(RawConnection.statuses(connection.readToEnd()) == [413])
                // The same without saying how much.
                let chunked = try RawConnection(socket: daemon.socket)
                chunked.send(
                    Self.post(
                        "/v1/classify", "Content-Type: image/png\r\nTransfer-Encoding: chunked\r\n",
                        "1e8480\r\n" + String(repeating: "x", count: 2_000_000) + "\r\n0\r\n\r\n"))
                #expect(RawConnection.statuses(chunked.readToEnd()) == [413])
            }
        }

        @Test func whoIsTooSlowIsToldSoAndOthersDoNotNotice() async throws {
            try await RunningDaemon.with(backbone: false, configuration: "requestTimeoutSeconds: 2") { daemon in
                let head = try RawConnection(socket: daemon.socket)
                let body = try RawConnection(socket: daemon.socket)
                body.send(Self.post("/v1/train", "Content-Length: 100\r\n"))
                // A byte every now and then does not help.
                for byte in "GET /v1/st" {
                    head.send(String(byte))
                    body.send(" ")
                    _ = try await daemon.client.status()
                    try await Task.sleep(for: .milliseconds(150))
                }
                for connection in [head, body] {
                    let answer = connection.readToEnd()
                    #expect(RawConnection.statuses(answer) == [408], "\(answer)")
                    #expect(answer.contains("request-timeout") && answer.contains("connection: close"))
                }
            }
        }

        @Test func aThousandConnectionsAreServedAndMoreAreToldToComeAgain() async throws {
            // This process needs as many descriptors as the daemon.
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = min(max(limit.rlim_cur, 4_096), limit.rlim_max)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            try await RunningDaemon.with(backbone: false, configuration: "connectionLimit: 1010") { daemon in
                let connections = try (0..<1_000).map { _ in try RawConnection(socket: daemon.socket) }
                for _ in 0..<2 {
                    for connection in connections { connection.send(Self.get("/v2/health/live")) }
                    #expect(connections.allSatisfy { $0.readSome().hasPrefix("HTTP/1.1 200") })
                }
                // Ten at most are left, one of which this test's client may hold.
                let more = try (0..<20).map { _ in try RawConnection(socket: daemon.socket) }
                for connection in more { connection.send(Self.get("/v2/health/live")) }
                // They stay open meanwhile.
                let answers = withExtendedLifetime(connections) { more.map { $0.readSome() } }
                #expect(answers.contains { $0.hasPrefix("HTTP/1.1 200") })
                let refused = answers.filter { $0.hasPrefix("HTTP/1.1 503") }
                #expect(refused.count >= 10)
                #expect(refused.allSatisfy { $0.contains("Retry-After: 1") && $0.contains("problem:busy") })
            }
        }

        @Test func aStreamOfEventsEndsWholeAtSIGTERM() async throws {
            try await RunningDaemon.with(backbone: false) { daemon in
                let connection = try RawConnection(socket: daemon.socket)
                connection.send(Self.get("/v1/events"))
                #expect(connection.readSome().contains("text/event-stream"))
                // SIGTERM ends the stream, whole.
                #expect(daemon.stop() == 0)
                #expect(connection.readToEnd().hasSuffix("0\r\n\r\n"))
            }
        }
    }
}
