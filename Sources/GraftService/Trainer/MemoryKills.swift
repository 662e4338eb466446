import Foundation

/// What the kernel says of processes that it has killed because memory ran out.
package enum MemoryKills {
    /// How many there were in this process's control group, where its children are too; on the whole machine where no group is
    /// told of. Nil where nothing can be read.
    package static func count() -> Int? {
        let groups = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        for path in counters(groups: groups) + ["/proc/vmstat"] {
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { continue }
            if let count = count(in: text) { return count }
        }
        return nil
    }

    /// The files that may count them, likeliest first, by what `/proc/self/cgroup` says (cgroups(7)).
    package static func counters(groups: String) -> [String] {
        groups.split(separator: "\n").flatMap { line -> [String] in
            // number:controllers:path
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return [] }
            let path = parts[2] == "/" ? "" : parts[2]
            // Version 2 has no controllers there; in version 1 each may have a hierarchy of its own.
            if parts[0] == "0" { return ["/sys/fs/cgroup\(path)/memory.events"] }
            guard parts[1].split(separator: ",").contains("memory") else { return [] }
            return ["/sys/fs/cgroup/memory\(path)/memory.oom_control"]
        }
    }

    /// The number of the line `oom_kill` in one of them; nil where there is none.
    package static func count(in text: String) -> Int? {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == "oom_kill" { return Int(words[1]) }
        }
        return nil
    }
}
