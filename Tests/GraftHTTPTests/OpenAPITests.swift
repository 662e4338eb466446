import Foundation
import GraftAPI
import GraftHTTP
import GraftService
import Logging
import Testing
import TestSupport

/// Whether `openapi.yaml` is what the routes are. That its answers are as it says is for schemathesis to find (Tests/Peers).
@Suite struct OpenAPITests {
    private static let document = String(decoding: APIDocument.bytes, as: UTF8.self)

    /// `GET /v1/status by classify` and so on, as the document has them: paths two spaces in, methods four.
    private static func operations() -> Set<String> {
        var operations: Set<String> = []
        var path = ""
        var method = ""
        for line in document.prefix(upTo: document.range(of: "\ncomponents:\n")!.lowerBound).split(separator: "\n") {
            if let match = line.wholeMatch(of: #/\ {2}(/\S*):/#) { path = String(match.1) }
            if let match = line.wholeMatch(of: #/\ {4}(get|put|post|patch|delete):/#) { method = match.1.uppercased() }
            if let match = line.wholeMatch(of: #/\ {6}x-graftd-role: (\w+)/#) {
                operations.insert("\(method) \(path) by \(match.1)")
            }
        }
        return operations
    }

    @Test func everyRouteAndItsRoleIsInTheContractAndNothingElseIs() async throws {
        let folder = try TemporaryFolder()
        var configuration = Configuration()
        configuration.state = folder.file("state").path
        let nobody = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let service = try await GraftService(configuration, trainer: "/bin/false", logger: nobody)
        let server = HTTPServer(
            service: service, connectionLimit: 1, reload: { Reloaded(applied: [], needsRestart: []) }, logger: nobody)
        let routes = Set(server.operations.map { "\($0.method) \($0.path) by \($0.role.rawValue)" })
        #expect(routes.count == server.operations.count)
        #expect(routes.subtracting(Self.operations()) == [])
        #expect(Self.operations().subtracting(routes) == [])
        await service.stop()
    }

    @Test func noSchemaAndNoAddressIsDescribedTwice() {
        let names = Self.document.matches(of: #/\n(?: {2}| {4})([A-Z\/][^\s:]*):/#).map { String($0.1) }
        // Schemas, responses and so on are four spaces in, addresses two.
        let twice = Dictionary(grouping: names) { $0 }.filter { $1.count > 1 }.keys
        // These are a response or a request and a schema each.
        #expect(Set(twice).subtracting(["Problem", "Changed", "ModelMetadata", "Infer", "InferenceError"]) == [])
    }

    @Test func everyKindOfProblemIsInTheContract() {
        let listed = Self.document.matches(of: /- (urn:graftd:problem:[a-z-]+)\n/).map { String($0.1) }
        #expect(listed.sorted() == Problem.Kind.allCases.map { "urn:graftd:problem:\($0.rawValue)" }.sorted())
    }
}
