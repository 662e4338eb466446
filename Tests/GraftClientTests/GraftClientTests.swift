import Foundation
import GraftAPI
import GraftClient
import TestSupport
import Testing

/// The client against prepared answers; the real daemon's are in `DaemonTests`.
@Suite struct GraftClientTests {
    private static let taught = """
        {"duplicate_of":null,"id":"s1","label":"cat","model":{"revision":1,"version":0},"predicted":null}
        """
    private static let busy = CannedServer.answer(
        "503 Service Unavailable", type: "application/problem+json", headers: "retry-after: 0\r\n",
        """
        {"type":"urn:graftd:problem:busy","title":"Too many requests wait","status":503,"detail":"64 images wait"}
        """)

    private func withServer<Result>(
        _ answers: String..., body: (GraftClient, CannedServer) async throws -> Result
    ) async throws -> Result {
        let server = try CannedServer(answers)
        // Hundreds of tests share the threads, so a call may stand still for minutes.
        return try await GraftClient.withClient(socket: server.socket, timeout: .seconds(3600)) {
            try await body($0, server)
        }
    }

    // MARK: What is sent

    @Test func teachSendsTheBytesAndEscapesTheQuery() async throws {
        try await withServer(CannedServer.answer("201 Created", Self.taught)) { client, server in
            let answer = try await client.teach(
                Data([0xFF, 0xD8, 0xFF]), mediaType: .jpeg, label: "a&b c/ä+", group: "g", onConflict: .relabel)
            #expect(answer.id == "s1" && answer.duplicateOf == nil)

            let request = try #require(server.requests.first)
            #expect(
                request.line
                    == "POST /v1/samples?label=a%26b%20c%2F%C3%A4%2B&group=g&on_conflict=relabel HTTP/1.1")
            #expect(request.headers["content-type"] == "image/jpeg")
            #expect(request.body == Data([0xFF, 0xD8, 0xFF]))
        }
    }

    @Test func anExportIsWrittenAsItCame() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("export").path
        let bytes = String(repeating: "safetensors ", count: 10_000)
        let refused = CannedServer.answer(
            "404 Not Found", type: "application/problem+json",
            #"{"type":"urn:graftd:problem:unknown-version","title":"No such version","status":404,"detail":"no 9"}"#)
        // Half of what its head promises.
        let cut = CannedServer.answer("200 OK", bytes).dropLast(bytes.count / 2)
        try await withServer(CannedServer.answer("200 OK", bytes), refused, String(cut)) { client, server in
            try await client.export(version: 3, to: path)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == bytes)
            #expect(server.requests.first?.line == "GET /v1/versions/3/export HTTP/1.1")
            await #expect(throws: ClientError.self) { try await client.export(version: 9, to: path + ".9") }
            #expect(!FileManager.default.fileExists(atPath: path + ".9"))
            let error = await #expect(throws: ClientError.self) {
                try await client.export(version: 3, to: path + ".3")
            }
            guard case .interrupted = error else {
                Issue.record("expected a connection that broke, found \(String(describing: error))")
                return
            }
        }
        try await withServer(CannedServer.answer("200 OK", bytes)) { client, _ in
            let missing = folder.file("no/such/folder").path
            await #expect(throws: ClientError.unwritableFile(path: missing, reason: "No such file or directory")) {
                try await client.export(version: 3, to: missing)
            }
        }
    }

    @Test func teachingAnAnswerSendsItsIdAndNoBody() async throws {
        try await withServer(CannedServer.answer("201 Created", Self.taught)) { client, server in
            _ = try await client.teach(answer: "a7", label: "cat")
            let request = try #require(server.requests.first)
            #expect(request.line == "POST /v1/samples?label=cat&answer=a7 HTTP/1.1")
            #expect(request.body.isEmpty)
        }
    }

    @Test func aLabelInAPathKeepsItsSlashesAndDots() async throws {
        let changed = #"{"model":{"revision":1,"version":0},"samples":3,"stale_versions":[2]}"#
        let answers = CannedServer.answer("200 OK", changed)
        try await withServer(answers, answers) { client, server in
            let answer = try await client.rename(label: "birds/owl", to: "owl", merge: true)
            #expect(answer.staleVersions == [2])
            _ = try await client.forget(label: "..")
            #expect(
                server.requests.map(\.line) == [
                    "PATCH /v1/labels/birds%2Fowl HTTP/1.1", "DELETE /v1/labels/%2E%2E HTTP/1.1",
                ])
            #expect(server.requests.first?.body == Data(#"{"label":"owl","merge":true}"#.utf8))
        }
    }

    @Test func aBackboneIsSentAsItStandsInItsFile() async throws {
        let record = """
            {"architecture":"efficientnet_lite0","feature_count":1280,"fingerprint":"ab","image_side":224,
            "loaded":true,"name":"shop","parameter_count":3}
            """
        // More than two of the upload's pieces (1 MiB), and no multiple of one.
        let bytes = Data((0..<(2 << 20) + 17).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        let folder = try TemporaryFolder()
        try bytes.write(to: folder.file("b"))
        try await withServer(CannedServer.answer("200 OK", record)) { client, server in
            let answer = try await client.putBackbone("shop", file: folder.file("b").path)
            #expect(answer.featureCount == 1280)
            #expect(server.requests.first?.line == "PUT /v1/backbones/shop HTTP/1.1")
            #expect(server.requests.first?.body == bytes)
        }
    }

    // MARK: What comes back

    @Test func aProblemIsThrownWithItsFacts() async throws {
        let problem = Problem(.labelConflict, detail: "the image is sample s9, a dog", id: "s9", label: "dog")
        let body = String(decoding: try APICoding.encoder().encode(problem), as: UTF8.self)
        try await withServer(
            CannedServer.answer("409 Conflict", type: "application/problem+json", body)
        ) { client, _ in
            let error = await #expect(throws: ClientError.self) {
                try await client.teach(Data([1]), mediaType: .png, label: "cat")
            }
            #expect(error == .problem(problem))
            #expect(error?.description == "the image is sample s9, a dog")
        }
    }

    @Test func noTrainingJobYetIsNil() async throws {
        let problem = Problem(.noJob, detail: "none was started")
        let body = String(decoding: try APICoding.encoder().encode(problem), as: UTF8.self)
        try await withServer(CannedServer.answer("404 Not Found", body)) { client, _ in
            let job = try await client.trainJob()
            #expect(job == nil)
        }
    }

    @Test func anAnswerOfAnotherServerIsNamedAsSuch() async throws {
        try await withServer(
            CannedServer.answer("404 Not Found", type: "text/html", "<h1>nginx</h1>"),
            CannedServer.answer("200 OK", type: "text/html", "<h1>nginx</h1>")
        ) { client, _ in
            await #expect(throws: ClientError.unexpected(status: 404, body: "<h1>nginx</h1>")) {
                try await client.status()
            }
            let error = await #expect(throws: ClientError.self) { try await client.status() }
            guard case .unreadableAnswer("GET /v1/status", _) = error else {
                Issue.record("found \(String(describing: error))")
                return
            }
        }
    }

    @Test func healthIsAnswered() async throws {
        try await withServer(
            CannedServer.answer("200 OK", "{}"), CannedServer.answer("503 Service Unavailable", "{}")
        ) { client, server in
            let answers = [try await client.live(), try await client.ready()]
            #expect(answers == [true, false])
            #expect(
                server.requests.map(\.line) == ["GET /v2/health/live HTTP/1.1", "GET /v2/health/ready HTTP/1.1"])
        }
    }

    @Test func eventsComeInTheirOrder() async throws {
        let stream = """
            HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: hello\n
            event: published\ndata: {"revision":0,"version":3}\n\nevent: news\ndata: 1\n\n
            """
        try await withServer(stream) { client, _ in
            var events: [ServerSentEvent] = []
            for try await event in try await client.events() { events.append(event) }
            #expect(events.map(\.name) == ["published", "news"])
            let decoded = try events.map { try $0.decoded() }
            #expect(decoded == [.published(ModelReference(version: 3, revision: 0)), nil])
        }
    }

    // MARK: Busy

    @Test func aBusyDaemonIsAskedAgain() async throws {
        try await withServer(Self.busy, Self.busy, CannedServer.answer("201 Created", Self.taught)) { client, server in
            var client = client
            client.retries = RetrySchedule(attempts: 3, first: .milliseconds(1))
            let answer = try await client.teach(Data([7]), mediaType: .ppm, label: "cat")
            #expect(answer.id == "s1")
            #expect(server.requests.map(\.body) == [Data([7]), Data([7]), Data([7])])
        }
    }

    @Test func aDaemonThatStaysBusyIsLeftAlone() async throws {
        try await withServer(Self.busy, Self.busy) { client, server in
            var client = client
            client.retries = RetrySchedule(attempts: 2, first: .milliseconds(1))
            let error = await #expect(throws: ClientError.self) {
                try await client.classify(Data([7]), mediaType: .ppm)
            }
            guard case .problem(let problem) = error else {
                Issue.record("found \(String(describing: error))")
                return
            }
            #expect(problem.kind == .busy)
            #expect(server.requests.count == 2)
        }
    }

    @Test func whatChangesMoreThanOnceIsNotRepeated() async throws {
        try await withServer(Self.busy) { client, server in
            await #expect(throws: ClientError.self) { try await client.train() }
            #expect(server.requests.count == 1)
        }
    }

    // MARK: No answer

    @Test func aMissingSocketIsNamed() async throws {
        let folder = try TemporaryFolder()
        let socket = folder.file("nobody.sock").path
        try await GraftClient.withClient(socket: socket) { client in
            let error = await #expect(throws: ClientError.self) { try await client.status() }
            #expect(error == .noDaemon(socket: socket))
            #expect(error?.description.contains(socket) == true)
        }
    }

    @Test func aFileThatIsNoSocketHasNoDaemonBehindIt() async throws {
        let folder = try TemporaryFolder()
        let file = folder.file("plain file, 100 %")
        try Data().write(to: file)
        try await GraftClient.withClient(socket: file.path) { client in
            await #expect(throws: ClientError.noDaemon(socket: file.path)) { try await client.status() }
        }
    }

    /// Root passes every permission, so as root this shows only that a closed folder does not matter to it.
    @Test(.enabled(if: geteuid() != 0, "the user is root, whom no permission stops"))
    func aSocketOfOthersIsToldApart() async throws {
        let server = try CannedServer([])
        chmod(server.socket, 0)
        try await GraftClient.withClient(socket: server.socket) { client in
            await #expect(throws: ClientError.notPermitted(socket: server.socket)) { try await client.status() }
        }
    }

    @Test func aConnectionThatBreaksIsToldApart() async throws {
        try await withServer("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{") { client, _ in
            let error = await #expect(throws: ClientError.self) { try await client.status() }
            guard case .interrupted = error else {
                Issue.record("found \(String(describing: error))")
                return
            }
        }
    }

    @Test func anAnswerThatDoesNotComeTimesOut() async throws {
        // The server accepts nobody, but the kernel completes the connection.
        let silent = try ListeningSocket()
        let client = try GraftClient(socket: silent.path, timeout: .milliseconds(50))
        let error = await #expect(throws: ClientError.self) { try await client.status() }
        await client.shutdown()
        #expect(error == .timedOut(seconds: 0))
    }
}
