import Foundation
import GraftLearning
import Testing

@Suite struct EvaluationTests {
    private static func prediction(_ label: Int64, _ probability: Float, truth: Float) -> Prediction {
        Prediction(label: label, probability: probability, truthProbability: truth)
    }

    @Test func countsAreThoseOfAHandMadeCase() {
        let evaluation = Evaluation(
            truth: [1, 1, 1, 2],
            predictions: [
                Self.prediction(1, 0.8, truth: 0.8), Self.prediction(1, 0.8, truth: 0.8),
                Self.prediction(2, 0.8, truth: 0.2), Self.prediction(3, 0.5, truth: 0.25),
            ])
        #expect(evaluation.labels.map(\.label) == [1, 2, 3])
        #expect(evaluation.confusion == [[2, 1, 0], [0, 0, 1], [0, 0, 0]])
        #expect(evaluation.accuracy == 0.5)
        #expect(evaluation.balancedAccuracy == 1.0 / 3)
        let recalls: [Double?] = [2.0 / 3, 0, nil]
        #expect(evaluation.labels.map(\.recall) == recalls)
        #expect(evaluation.labels.map(\.precision) == [1, 0, 0])
        // Probabilities are 32-bit.
        let loss = -(2 * log(0.8) + log(0.2) + log(0.25)) / 4
        #expect(abs(evaluation.logLoss - loss) < 1e-6)
        // Three answers of 0.8 with two right, one of 0.5 with none: (|2.4 − 2| + |0.5 − 0|) / 4.
        #expect(abs(evaluation.calibrationError - 0.225) < 1e-6)
    }

    @Test func aLabelTheHeadDidNotKnowCostsAFiniteLoss() {
        let evaluation = Evaluation(truth: [1], predictions: [Self.prediction(2, 1, truth: 0)])
        #expect(evaluation.logLoss == -log(Evaluation.leastProbability))
        #expect(evaluation.calibrationError == 1)
    }
}
