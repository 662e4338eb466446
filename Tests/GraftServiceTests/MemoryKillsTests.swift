import GraftService
import Testing

@Suite struct MemoryKillsTests {
    @Test(arguments: [
        // Control groups of version 2, as under systemd; at the root of all there is no counter.
        (
            "0::/system.slice/graftd.service\n",
            ["/sys/fs/cgroup/system.slice/graftd.service/memory.events"]
        ),
        ("0::/\n", ["/sys/fs/cgroup/memory.events"]),
        // Version 1, with hierarchies for some of its controllers, and version 2 beside them for none.
        (
            "12:cpu,cpuacct:/a\n4:memory:/user.slice:x\n1:name=systemd:/b\n0::/b\n",
            ["/sys/fs/cgroup/memory/user.slice:x/memory.oom_control", "/sys/fs/cgroup/b/memory.events"]
        ),
        ("nonsense\n", []), ("", []),
    ])
    func theCounterIsThatOfTheOwnGroup(groups: String, expected: [String]) {
        #expect(MemoryKills.counters(groups: groups) == expected)
    }

    @Test(arguments: [
        ("low 0\nhigh 3\nmax 9\noom 2\noom_kill 1\noom_group_kill 0\n", 1),
        ("oom_kill_disable 0\nunder_oom 0\noom_kill 7\n", 7), ("low 0\n", nil), ("oom_kill many\n", nil),
    ])
    func killsAreCountedAsTheKernelWritesThem(text: String, expected: Int?) {
        #expect(MemoryKills.count(in: text) == expected)
    }

    @Test func thisMachineSaysHowManyThereWere() throws {
        // Linux counts them in /proc/vmstat, if nowhere else.
        #expect(try #require(MemoryKills.count()) >= 0)
    }
}
