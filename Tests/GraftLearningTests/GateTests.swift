import GraftLearning
import Testing

@Suite struct GateTests {
    /// 10 labels of `perLabel` samples, and answers that are right with the chance `accuracy`.
    private static func truth(perLabel: Int) -> [Int64] {
        (0..<10).flatMap { [Int64](repeating: $0, count: perLabel) }
    }

    private static func answers(_ truth: [Int64], accuracy: Double, seed: UInt64) -> [Int64] {
        var generator = SeededGenerator(seed: seed)
        return truth.map { Double.random(in: 0..<1, using: &generator) < accuracy ? $0 : ($0 + 1) % 10 }
    }

    @Test func theSameAnswersPass() {
        let truth = Self.truth(perLabel: 5)
        let answers = Self.answers(truth, accuracy: 0.7, seed: 1)
        let verdict = Gate().judge(truth: truth, incumbent: answers, candidate: answers)
        #expect(verdict.publish)
        #expect(verdict.difference == 0 && verdict.lowerBound == 0)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func aBetterCandidatePasses(seed: UInt64) {
        let truth = Self.truth(perLabel: 100)
        let verdict = Gate().judge(
            truth: truth, incumbent: Self.answers(truth, accuracy: 0.6, seed: seed),
            candidate: Self.answers(truth, accuracy: 0.8, seed: seed + 100))
        #expect(verdict.publish)
        #expect(verdict.lowerBound > 0.1)
        #expect(verdict.reason.hasPrefix("published"))
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func aWorseCandidateIsKeptBack(seed: UInt64) {
        let truth = Self.truth(perLabel: 100)
        let verdict = Gate().judge(
            truth: truth, incumbent: Self.answers(truth, accuracy: 0.8, seed: seed),
            candidate: Self.answers(truth, accuracy: 0.7, seed: seed + 100))
        #expect(!verdict.publish)
        #expect(verdict.reason.hasPrefix("kept back: balanced accuracy"))
    }

    @Test func whatIsEqualButDisagreesMuchOnFewSamplesIsKeptBack() {
        // As good, but on 50 samples nobody can tell: half of the answers differ, one right for one wrong.
        let truth = Self.truth(perLabel: 6)
        let incumbent = truth.enumerated().map { $0 % 3 == 0 ? $1 + 1 : $1 }
        let candidate = truth.enumerated().map { $0 % 3 == 1 ? $1 + 1 : $1 }
        let verdict = Gate().judge(truth: truth, incumbent: incumbent, candidate: candidate)
        #expect(verdict.difference == 0)
        #expect(!verdict.publish)
    }

    @Test func oneMoreRightAnswerIsNoReasonToKeepBack() {
        let truth = Self.truth(perLabel: 5)
        var incumbent = Self.answers(truth, accuracy: 0.9, seed: 1)
        incumbent[7] = -1
        var candidate = incumbent
        candidate[7] = truth[7]
        let verdict = Gate().judge(truth: truth, incumbent: incumbent, candidate: candidate)
        #expect(verdict.difference > 0 && verdict.lowerBound == 0)
        #expect(verdict.publish)
        // But losses weigh as they did.
        #expect(!Gate().judge(truth: truth, incumbent: candidate, candidate: incumbent).publish)
    }

    @Test func whatIsKeptBackForWantOfSamplesSaysHowManyWouldDo() throws {
        // One answer in twenty differs, as many lost as won.
        func verdict(perLabel: Int) -> Gate.Verdict {
            let truth = Self.truth(perLabel: perLabel)
            return Gate().judge(
                truth: truth, incumbent: truth.enumerated().map { $0 % 40 == 0 ? $1 + 1 : $1 },
                candidate: truth.enumerated().map { $0 % 40 == 20 ? $1 + 1 : $1 })
        }
        let few = verdict(perLabel: 40)
        #expect(!few.publish && few.difference == 0)
        let found = try #require(
            few.reason.firstMatch(of: /400 samples cannot tell it from a worse one, about (\d+) could/))
        let enough = try #require(Int(found.1))
        #expect(verdict(perLabel: enough / 10).publish)
        #expect(!verdict(perLabel: enough / 10 * 8 / 10).publish)
    }

    @Test func aFallThatNoSampleWouldExcusePromisesNothing() {
        let truth = Self.truth(perLabel: 20)
        let verdict = Gate().judge(
            truth: truth, incumbent: truth, candidate: truth.enumerated().map { $0 % 20 == 0 ? $1 + 1 : $1 })
        #expect(!verdict.publish && verdict.reason.hasSuffix("is asked for"))
    }

    @Test func oneSabotagedLabelIsFoundUnderAGainElsewhere() {
        let truth = Self.truth(perLabel: 40)
        let incumbent = Self.answers(truth, accuracy: 0.7, seed: 5)
        let candidate = truth.map { $0 == 3 ? 4 : $0 }
        let verdict = Gate().judge(truth: truth, incumbent: incumbent, candidate: candidate)
        #expect(verdict.lowerBound > 0)
        #expect(verdict.falls.map(\.label) == [3])
        #expect(!verdict.publish)
    }

    @Test(arguments: [(19, true), (20, false)])
    func onlyLabelsWithEnoughSamplesHaveASay(samples: Int, publish: Bool) {
        // One label lost, nine won: the mean is far up.
        let truth = [Int64](repeating: 0, count: samples) + (1..<10).flatMap { [Int64](repeating: $0, count: 40) }
        let verdict = Gate().judge(
            truth: truth, incumbent: truth.map { $0 == 0 ? 0 : -1 }, candidate: truth.map { $0 == 0 ? -1 : $0 })
        #expect(verdict.publish == publish)
    }

    @Test func chanceFallsOfEqualCandidatesAreNotCalledFalls() {
        // 2000 labels judged, none worse: at most the 5 % of 200 gates that the significance allows, and three standard
        // deviations of 3.1.
        var alarms = 0
        for seed in 0..<200 as Range<UInt64> {
            let truth = Self.truth(perLabel: 30)
            let verdict = Gate().judge(
                truth: truth, incumbent: Self.answers(truth, accuracy: 0.7, seed: 2 * seed),
                candidate: Self.answers(truth, accuracy: 0.7, seed: 2 * seed + 1))
            alarms += verdict.falls.isEmpty ? 0 : 1
        }
        #expect(alarms <= 19)
    }

    @Test func nothingToJudgeKeepsBack() {
        #expect(!Gate().judge(truth: [], incumbent: [], candidate: []).publish)
    }
}
