import GraftLearning
import Testing

@Suite struct HeadSearchTests {
    @Test(arguments: [
        (samples: 1_257, labels: 25, folds: 5, strengths: 3),
        (samples: 10_000, labels: 10, folds: 5, strengths: 3),
        (samples: 100_000, labels: 100, folds: 5, strengths: 3),
        (samples: 100_000, labels: 200, folds: 2, strengths: 3),
        (samples: 100_000, labels: 300, folds: 1, strengths: 3),
        (samples: 100_000, labels: 600, folds: 1, strengths: 1),
        (samples: 1_000_000, labels: 1_000, folds: 1, strengths: 0),
    ])
    func triesLessWhereItIsMoreWork(samples: Int, labels: Int, folds: Int, strengths: Int) {
        let search = HeadSearch(
            samples: samples, labels: labels, features: 1_280, folds: 5, strengths: [0.03, 0.01, 0.003], workLimit: 1e13
        )
        #expect(search.folds == folds)
        #expect(search.strengths.count == strengths)
    }

    @Test func oneStrengthIsTheMiddleOne() {
        let search = HeadSearch(
            samples: 100, labels: 10, features: 10, folds: 1, strengths: [3, 2, 1], workLimit: 1.1e6)
        #expect(
            search == HeadSearch(samples: 100, labels: 10, features: 10, folds: 1, strengths: [2], workLimit: .infinity)
        )
    }
}
