import GraftClient
import Testing

@Suite struct RetryScheduleTests {
    private let schedule = RetrySchedule(attempts: 5, first: .milliseconds(100), longest: .seconds(2))

    @Test(arguments: [
        (refusal: 1, retryAfter: nil, expected: Duration.milliseconds(100)),
        (refusal: 2, retryAfter: nil, expected: .milliseconds(200)),
        (refusal: 3, retryAfter: 0, expected: .milliseconds(400)),
        (refusal: 1, retryAfter: 1, expected: .seconds(1)),
        (refusal: 4, retryAfter: 60, expected: .seconds(2)),
        (refusal: 1, retryAfter: -5, expected: .milliseconds(100)),
    ])
    func theLongerOfBothWaitsCountsUpToALimit(refusal: Int, retryAfter: Int?, expected: Duration) {
        #expect(schedule.wait(afterRefusal: refusal, retryAfter: retryAfter, spread: 0) == expected)
    }

    @Test func theLastRefusalEndsIt() {
        #expect(schedule.wait(afterRefusal: 5, retryAfter: 1, spread: 0) == nil)
        #expect(RetrySchedule.once.wait(afterRefusal: 1, retryAfter: 1, spread: 0) == nil)
    }

    @Test func callsThatWereRefusedTogetherSpreadOut() throws {
        let latest = try #require(schedule.wait(afterRefusal: 1, retryAfter: nil, spread: 0.999))
        #expect(latest > .milliseconds(124) && latest < .milliseconds(125))
    }
}
