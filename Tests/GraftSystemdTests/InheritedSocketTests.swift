import Foundation
import Glibc
import GraftSystemd
import Testing

@Suite struct InheritedSocketTests {
    private static let own = "\(getpid())"

    /// A socket that listens, or does not, at the lowest descriptor that is free from 100 on.
    private func socket(listens: Bool) throws -> Int32 {
        let made = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(made) }
        // Without an address the system finds one (unix(7), autobind).
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(made, $0, socklen_t(MemoryLayout<sa_family_t>.size))
            }
        }
        try #require(bound == 0)
        if listens { try #require(listen(made, 1) == 0) }
        let descriptor = fcntl(made, F_DUPFD, 100)
        try #require(descriptor >= 100)
        return descriptor
    }

    @Test func theSocketOfThisProcessIsFoundUnderItsNameAndKeptFromChildren() throws {
        let descriptor = try socket(listens: true)
        defer { close(descriptor) }
        let environment = ["LISTEN_PID": Self.own, "LISTEN_FDS": "1", "LISTEN_FDNAMES": "graftd.socket"]
        let found = try InheritedSocket.all(in: environment, first: descriptor)
        #expect(found.map(\.name) == ["graftd.socket"] && found.map(\.descriptor) == [descriptor])
        #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func whatDoesNotListenIsAnErrorThatNamesIt() throws {
        let descriptor = try socket(listens: false)
        defer { close(descriptor) }
        #expect(throws: InheritedSocket.Failure.notListening(name: "unknown")) {
            try InheritedSocket.all(in: ["LISTEN_PID": Self.own, "LISTEN_FDS": "1"], first: descriptor)
        }
    }

    @Test(arguments: [
        [:], ["LISTEN_FDS": "1"], ["LISTEN_PID": own], ["LISTEN_PID": own, "LISTEN_FDS": "0"],
        // Meant for another process, so not for this one.
        ["LISTEN_PID": "1", "LISTEN_FDS": "1"],
    ])
    func descriptorsOfNobodyAreNone(environment: [String: String]) throws {
        #expect(try InheritedSocket.all(in: environment).isEmpty)
    }

    @Test(arguments: [
        ["LISTEN_PID": own, "LISTEN_FDS": "many"], ["LISTEN_PID": own, "LISTEN_FDS": "-1"],
        ["LISTEN_PID": own, "LISTEN_FDS": "2147483647"], ["LISTEN_PID": "me", "LISTEN_FDS": "1"],
        ["LISTEN_PID": own, "LISTEN_FDS": "1", "LISTEN_FDNAMES": "a:b"],
    ])
    func whatCannotBeReadIsAnErrorThatSaysWhatToDo(environment: [String: String]) {
        let error = #expect(throws: InheritedSocket.Failure.self) { try InheritedSocket.all(in: environment) }
        #expect(error?.description.contains("start this through its socket unit") == true)
    }
}
