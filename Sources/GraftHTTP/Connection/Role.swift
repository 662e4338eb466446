import Glibc

/// What a client may do; each role may do what those before it may.
package enum Role: String, Sendable, Comparable, CaseIterable {
    /// Ask, and see how the service is.
    case classify
    /// Teach, and see and change what has been taught.
    case teach
    /// Train, choose what answers, forget, export, and bring backbones.
    case admin

    package static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self)! }
}

/// Which users and groups of this machine have which role.
package struct RoleTable: Sendable {
    /// Users who are admin without any group: root, and whoever the daemon runs as.
    private let owners: Set<UInt32>
    private let groups: [(group: UInt32, role: Role)]
    private let names: [Role: String]

    /// - Parameter names: The group of each role. One that this machine does not have has no members.
    init(owner: UInt32 = geteuid(), names: [Role: String]) {
        self.init(owner: owner, names: names) { Self.identifier(ofGroup: $0) }
    }

    package init(owner: UInt32, names: [Role: String], identifier: (String) -> UInt32?) {
        owners = [0, owner]
        self.names = names
        // Root's group is many a service's only one, so that it means nothing.
        groups = names.compactMap { role, name in identifier(name).map { ($0, role) } }.filter { $0.group != 0 }
    }

    /// The highest role of `peer`; nil where it has none.
    package func role(of peer: Peer?) -> Role? {
        guard let peer else { return nil }
        if owners.contains(peer.user) { return .admin }
        return groups.filter { peer.groups.contains($0.group) }.map(\.role).max()
    }

    /// How a user gets `role`, in words.
    func advice(for role: Role) -> String {
        let groups = Role.allCases.filter { $0 >= role }.compactMap { names[$0] }
        return "the role \(role.rawValue) belongs to group \(groups.joined(separator: ", to group ")), and to root"
    }

    private static func identifier(ofGroup name: String) -> UInt32? {
        var entry = group()
        var found: UnsafeMutablePointer<group>?
        // As large as a group of thousands of members needs.
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1 << 20) { buffer in
            getgrnam_r(name, &entry, buffer.baseAddress!, buffer.count, &found) == 0 && found != nil
                ? entry.gr_gid : nil
        }
    }
}
