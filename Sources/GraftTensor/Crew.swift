internal import CKernels
import Foundation
import Synchronization

/// Work in parts that threads take in any order.
package protocol SharedWork: AnyObject {
    /// Computes part `part`; `worker` is the number of the thread, whose scratch space it may use.
    func run(part: Int, worker: Int)
}

/// A piece of work's own thread, and the idle threads that help it with work in parts.
///
/// A thread opens its crew when it begins work that can be shared; threads without work of their own then take parts
/// until the crew closes or other work arrives. Each thread begins with a share of its own, neighbouring parts that are
/// at the same place in the next work of the same kind, so that it finds in its caches what it left there; then it takes
/// from the end of the others' shares. Threads of a crew spin while they wait, for microseconds: the parts of one step
/// of a network take about as long as waking a thread does.
///
/// Sendable: `work` is written by the owner alone, while no part is left; see ``share(_:_:worker:)``.
package final class Crew: @unchecked Sendable {
    /// How often a waiting thread looks before it lets another run.
    private static let patience = 4_000

    /// By thread.
    private let shares: [Share]
    /// Parts that are not done.
    private let left = Atomic(0)
    private let opened = Atomic(false)
    private unowned(unsafe) var work: (any SharedWork)?
    private var number: UInt32 = 0

    init(threads: Int) { shares = (0..<threads).map { _ in Share() } }

    var isOpen: Bool { opened.load(ordering: .sequentiallyConsistent) }

    func open() { opened.store(true, ordering: .sequentiallyConsistent) }

    func close() { opened.store(false, ordering: .sequentiallyConsistent) }

    /// Runs the parts `0 ..< count` of `shared` on the owner, whose number is `worker`, and whoever helps. Returns when
    /// all are done.
    ///
    /// - Precondition: `count` fits into 16 bits.
    func share(_ count: Int, _ shared: any SharedWork, worker: Int) {
        precondition(count < 1 << 16)
        // Nobody reads `work` now: whoever took a part of the work before has done it.
        work = shared
        number &+= 1
        left.store(count, ordering: .relaxed)
        for (s, share) in shares.enumerated() {
            share.fill(count * s / shares.count..<count * (s + 1) / shares.count, number: number)
        }
        while help(worker: worker) {}
        var looks = 0
        while left.load(ordering: .acquiring) > 0 { Crew.wait(&looks) }
    }

    /// Computes one part, if one is left.
    func help(worker: Int) -> Bool {
        var part = shares[worker].take(fromEnd: false)
        for step in 1..<shares.count where part == nil {
            part = shares[(worker + step) % shares.count].take(fromEnd: true)
        }
        guard let part else { return false }
        work!.run(part: part, worker: worker)
        left.subtract(1, ordering: .releasing)
        return true
    }

    /// Lets time pass in a loop that looks for what another thread does; `looks` counts its turns.
    static func wait(_ looks: inout Int) {
        looks += 1
        if looks < patience { graft_pause() } else { sched_yield() }
    }
}

/// Neighbouring parts of some work that are not taken, in one word: the work's number, the first part, and the end.
private final class Share: Sendable {
    private let word = Atomic<UInt64>(0)

    /// - Precondition: no part is left.
    func fill(_ parts: Range<Int>, number: UInt32) {
        let (first, end) = (UInt64(parts.lowerBound), UInt64(parts.upperBound))
        word.store(UInt64(number) << 32 | first << 16 | end, ordering: .releasing)
    }

    /// A part that nobody else gets. Whoever has it may read the work: it does not end before the part is done.
    func take(fromEnd: Bool) -> Int? {
        var seen = word.load(ordering: .acquiring)
        while true {
            let (first, end) = (seen >> 16 & 0xFFFF, seen & 0xFFFF)
            guard first < end else { return nil }
            let (exchanged, found) = word.weakCompareExchange(
                expected: seen, desired: fromEnd ? seen - 1 : seen + 1 << 16, ordering: .acquiringAndReleasing)
            if exchanged { return Int(fromEnd ? end - 1 : first) }
            seen = found
        }
    }
}
