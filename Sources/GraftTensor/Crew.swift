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
/// until the crew closes or other work arrives. Threads of a crew spin while they wait, for microseconds: the parts of
/// one step of a network take about as long as waking a thread does.
///
/// Sendable: `work` is written by the owner alone, while no part is left; see ``share(_:_:)``.
package final class Crew: @unchecked Sendable {
    /// How often a waiting thread looks before it lets another run.
    private static let patience = 4_000

    /// The parts of the work in hand: its number, the next part, and how many there are.
    private struct Ticket {
        var bits: UInt64

        init(number: UInt64, next: Int, count: Int) {
            bits = number << 32 | UInt64(next) << 16 | UInt64(count)
        }
        init(bits: UInt64) { self.bits = bits }

        var number: UInt64 { bits >> 32 }
        var next: Int { Int(bits >> 16 & 0xFFFF) }
        var count: Int { Int(bits & 0xFFFF) }
        var taken: Ticket { Ticket(bits: bits + 1 << 16) }
    }

    private let ticket = Atomic<UInt64>(0)
    /// Parts that are not done.
    private let left = Atomic(0)
    private let opened = Atomic(false)
    private nonisolated(unsafe) unowned(unsafe) var work: (any SharedWork)?

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
        left.store(count, ordering: .relaxed)
        let before = Ticket(bits: ticket.load(ordering: .relaxed))
        ticket.store(
            Ticket(number: (before.number + 1) & 0xFFFF_FFFF, next: 0, count: count).bits, ordering: .releasing)
        while help(worker: worker) {}
        var looks = 0
        while left.load(ordering: .acquiring) > 0 { Crew.wait(&looks) }
    }

    /// Computes one part, if one is left.
    func help(worker: Int) -> Bool {
        var seen = ticket.load(ordering: .acquiring)
        while true {
            let found = Ticket(bits: seen)
            guard found.next < found.count else { return false }
            let (exchanged, original) = ticket.weakCompareExchange(
                expected: seen, desired: found.taken.bits, ordering: .acquiringAndReleasing)
            if exchanged {
                work!.run(part: found.next, worker: worker)
                left.subtract(1, ordering: .releasing)
                return true
            }
            seen = original
        }
    }

    /// Lets time pass in a loop that looks for what another thread does; `looks` counts its turns.
    static func wait(_ looks: inout Int) {
        looks += 1
        if looks < patience { graft_pause() } else { sched_yield() }
    }
}
