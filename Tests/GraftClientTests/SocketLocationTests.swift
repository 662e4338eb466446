import GraftClient
import Testing

@Suite struct SocketLocationTests {
    private static let session = "/run/user/1000/graftd/graftd.sock"

    @Test(arguments: [
        (flag: "/a.sock", variable: "/b.sock", existing: [session], expected: "/a.sock"),
        (flag: nil, variable: "/b.sock", existing: [session], expected: "/b.sock"),
        (flag: nil, variable: nil, existing: [session, SocketLocation.system], expected: session),
        (flag: nil, variable: nil, existing: [SocketLocation.system], expected: SocketLocation.system),
        (flag: nil, variable: nil, existing: [], expected: SocketLocation.system),
        (flag: nil, variable: "", existing: [session], expected: session),
    ])
    func theNearestOrderWins(flag: String?, variable: String?, existing: [String], expected: String) throws {
        var environment = ["XDG_RUNTIME_DIR": "/run/user/1000"]
        environment["GRAFTD_SOCKET"] = variable
        let found = try SocketLocation.find(explicit: flag, environment: environment, exists: existing.contains)
        #expect(found == expected)
    }

    @Test(arguments: [[:], ["XDG_RUNTIME_DIR": "relative"]])
    func withoutASessionTheSystemsSocketIsMeant(environment: [String: String]) throws {
        let found = try SocketLocation.find(explicit: nil, environment: environment) { _ in true }
        #expect(found == SocketLocation.system)
    }

    @Test func theLongestAddressFitsAndOneByteMoreDoesNot() throws {
        // sun_path has 108 bytes on Linux (man 7 unix), one of which ends the string.
        let longest = "/" + String(repeating: "a", count: 106)
        #expect(try SocketLocation.find(explicit: longest, environment: [:]) { _ in false } == longest)
        #expect(throws: ClientError.socketPathTooLong(path: longest + "b")) {
            try SocketLocation.find(explicit: longest + "b", environment: [:]) { _ in false }
        }
    }

    @Test func theLimitCountsBytesNotCharacters() {
        let path = "/" + String(repeating: "ä", count: 54)
        #expect(throws: ClientError.socketPathTooLong(path: path)) { try SocketLocation.check(path) }
    }
}
