import GraftHTTP
import NIOCore
import Testing

@Suite struct RequestClockTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private let times = ConnectionTimes(request: .seconds(20))

    private func after(_ seconds: Int64) -> NIODeadline { start + .seconds(seconds) }

    @Test func aConnectionThatAsksNothingIsClosedWithoutAWord() {
        var clock = RequestClock(times, now: start)
        #expect(clock.verdict(at: after(59), isReading: true) == .wait)
        #expect(clock.verdict(at: after(60), isReading: true) == .close)
    }

    @Test func aHeadThatTricklesInTimesOut() {
        var clock = RequestClock(times, now: start)
        for second in 0..<20 {
            clock.received(bytes: 1, at: after(Int64(second)))
            #expect(clock.verdict(at: after(Int64(second)), isReading: true) == .wait)
        }
        #expect(clock.verdict(at: after(20), isReading: true) == .timeOut)
    }

    @Test(arguments: [
        (bytes: RequestClock.leastBytes - 1, expected: RequestClock.Verdict.timeOut),
        (bytes: RequestClock.leastBytes, expected: .wait),
    ])
    func aBodyHasToBringEnoughInEachWindow(bytes: Int, expected: RequestClock.Verdict) {
        var clock = RequestClock(times, now: start)
        clock.received(bytes: 100, at: start)
        clock.receivedHead(at: start)
        clock.received(bytes: 1 << 20, at: after(1))
        #expect(clock.verdict(at: after(20), isReading: true) == .wait)
        // The second window begins anew.
        clock.received(bytes: bytes, at: after(30))
        #expect(clock.verdict(at: after(40), isReading: true) == expected)
    }

    @Test func aClientIsNotBlamedForWhatTheServiceDoesNotRead() {
        var clock = RequestClock(times, now: start)
        clock.received(bytes: 100, at: start)
        clock.receivedHead(at: start)
        #expect(clock.verdict(at: after(20), isReading: false) == .wait)
        #expect(clock.verdict(at: after(39), isReading: true) == .wait)
        #expect(clock.verdict(at: after(40), isReading: true) == .timeOut)
    }

    @Test func anAnswerMayTakeAsLongAsItTakes() {
        var clock = RequestClock(times, now: start)
        clock.received(bytes: 100, at: start)
        clock.receivedHead(at: start)
        clock.receivedEnd()
        #expect(clock.verdict(at: after(10_000), isReading: true) == .wait)
        clock.answeredAll(at: after(10_000))
        #expect(clock.verdict(at: after(10_059), isReading: true) == .wait)
        #expect(clock.verdict(at: after(10_060), isReading: true) == .close)
    }

    @Test func bytesThatCameDuringAnAnswerAreTheNextHead() {
        var clock = RequestClock(times, now: start)
        clock.received(bytes: 100, at: start)
        clock.receivedHead(at: start)
        clock.receivedEnd()
        clock.received(bytes: 5, at: after(1))
        clock.answeredAll(at: after(30))
        #expect(clock.verdict(at: after(49), isReading: true) == .wait)
        #expect(clock.verdict(at: after(50), isReading: true) == .timeOut)
    }

    @Test func nothingIsAskedForTooLate() {
        // Whenever a phase begins, the check that was set before comes no later than the end of that phase.
        let clock = RequestClock(times, now: start)
        #expect(clock.next(after: start) <= start + times.request)
        #expect(clock.next(after: start) <= start + times.lingering)
    }

    @Test func aStoppingServiceWaitsAMomentOnlyForWhatHasNotBegun() {
        var clock = RequestClock(times, now: start)
        clock.callLast(at: after(5))
        #expect(clock.verdict(at: after(5), isReading: true) == .wait)
        #expect(clock.verdict(at: after(6), isReading: true) == .close)
        // What has begun is waited for as ever.
        var busy = RequestClock(times, now: start)
        busy.received(bytes: 100, at: start)
        busy.receivedHead(at: start)
        busy.callLast(at: after(1))
        #expect(busy.verdict(at: after(19), isReading: true) == .wait)
    }
}
