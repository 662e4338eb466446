import GraftAPI
import GraftHTTP
import Testing

@Suite struct RoleTableTests {
    private let table = RoleTable(
        owner: 500, names: [.classify: "ask", .teach: "teach", .admin: "manage"],
        identifier: { ["ask": 10, "teach": 20, "manage": 30][$0] })

    private static func peer(_ user: UInt32, _ groups: [UInt32]) -> Peer {
        Peer(process: 1, user: user, groups: groups)
    }

    @Test(
        arguments: [
            (peer: peer(0, [0]), role: Role.admin),
            (peer: peer(500, [500]), role: .admin),
            (peer: peer(1_000, [1_000, 10]), role: .classify),
            (peer: peer(1_000, [20]), role: .teach),
            (peer: peer(1_000, [1_000, 10, 20, 30]), role: .admin),
            (peer: peer(1_000, [1_000, 40]), role: nil),
            (peer: nil, role: nil),
        ] as [(peer: Peer?, role: Role?)])
    func theHighestRoleOfItsGroupsCounts(peer: Peer?, role: Role?) {
        #expect(table.role(of: peer) == role)
    }

    @Test func groupsThatThisMachineDoesNotHaveHaveNoMembers() {
        let table = RoleTable(owner: 500, names: [.admin: "nobody-made-this"], identifier: { _ in nil })
        #expect(table.role(of: Self.peer(1_000, [0, 10])) == nil)
        #expect(table.role(of: Self.peer(500, [])) == .admin)
    }

    @Test func rootsGroupGivesNoRole() {
        let table = RoleTable(owner: 500, names: [.admin: "root"], identifier: { _ in 0 })
        #expect(table.role(of: Self.peer(1_000, [0])) == nil)
    }

    @Test func aUserWhoKeepsAskingIsLoggedOnceAMinute() {
        var log = RefusalLog()
        let start = ContinuousClock.now
        #expect(log.note(1_000, at: start) == 0)
        for second in 1..<60 { #expect(log.note(1_000, at: start + .seconds(second)) == nil) }
        #expect(log.note(1_001, at: start + .seconds(30)) == 0)
        #expect(log.note(1_000, at: start + RefusalLog.pause) == 59)
        #expect(log.note(1_000, at: start + RefusalLog.pause * 3) == 0)
    }

    @Test func clientsWithoutARoleCannotTakeThePlacesOfOthers() async throws {
        let limits = ConnectionLimits(limit: 32)
        func isServed(_ role: Role?) async throws -> Bool {
            var served = false
            try await limits.withPlace(for: role) { served = $0 == nil }
            return served
        }
        try await limits.withPlace(for: nil) { _ in
            try await limits.withPlace(for: nil) { second in
                #expect(second == nil)
                // A sixteenth of 32.
                let (stranger, client) = (try await isServed(nil), try await isServed(.classify))
                #expect(!stranger && client)
                #expect(limits.open == 2)
            }
        }
        #expect(limits.open == 0)
        let stranger = try await isServed(nil)
        #expect(stranger)
    }
}
