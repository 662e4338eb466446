import GraftLearning
import Testing

@Suite struct SoftmaxFitTests {
    private static let balances = [SoftmaxFit.Balance.samples, .labels]

    private static func fit(
        _ set: TrainingSet, balance: SoftmaxFit.Balance, prior: [Float]? = nil, shrinkage: Double? = nil
    ) -> SoftmaxFit {
        SoftmaxFit(
            set.features, targets: set.labels.map { Int($0) - 1 }, labelCount: Set(set.labels).count, balance: balance,
            prior: prior, shrinkage: shrinkage)
    }

    @Test(arguments: balances, [nil, 0.3])
    func gradientAgreesWithFiniteDifferences(balance: SoftmaxFit.Balance, shrinkage: Double?) {
        let set = clusters(counts: [7, 3, 5], featureCount: 4, spread: 0.7, seed: 2)
        var generator = SeededGenerator(seed: 3)
        let fit = Self.fit(
            set, balance: balance, prior: (0..<12).map { _ in generator.normal() }, shrinkage: shrinkage)
        let point = (0..<15).map { _ in generator.normal() }
        let gradient = fit.loss(point, strength: 0.3).gradient
        let step: Float = 0x1p-7
        for i in point.indices {
            var (below, above) = (point, point)
            below[i] -= step
            above[i] += step
            let slope =
                (fit.loss(above, strength: 0.3).value - fit.loss(below, strength: 0.3).value)
                / Double(above[i] - below[i])
            // 32-bit losses of size 1 (10, where they are whitened) over 2⁻⁶ give 10⁻⁵ (10⁻⁴); the third derivative times
            // 10⁻⁵ gives as much.
            #expect(abs(slope - Double(gradient[i])) < (shrinkage == nil ? 1e-4 : 1e-3))
        }
    }

    @Test(arguments: balances, [nil, 0.3])
    func optimumIsThatOfScikitLearn(balance: SoftmaxFit.Balance, shrinkage: Double?) throws {
        let oracles = try Oracles.load()
        let features = FeatureRows(featureCount: oracles.featureCount, values: oracles.values)
        let fit = SoftmaxFit(
            features, targets: oracles.labels.map(Int.init), labelCount: 3, balance: balance,
            shrinkage: shrinkage)
        var search = LBFGS()
        search.lossTolerance = 0
        let solution = fit.weights(fit.solve(strength: oracles.strength, search: search, check: {}).solution)
        let expected = balance == .samples ? oracles.perSample : oracles.perLabel
        // 32-bit gradients are noise below 10⁻⁶, and the curvature is at least the strength, 0.05.
        #expect(largestDistance(centred(solution.weights, columns: oracles.featureCount), expected.weights) < 1e-3)
        #expect(largestDistance(centred(solution.bias, columns: 1), expected.bias) < 1e-3)
    }

    @Test(arguments: balances)
    func takingSamplesToTheCoordinatesOfTheSearchOrWeightsBackIsTheSame(balance: SoftmaxFit.Balance) {
        // Samples of more than one block of a part, but few enough for each label to be taken unless told otherwise.
        let set = clusters(
            counts: [150, 500, 300] + [Int](repeating: 10, count: 12), featureCount: 8, spread: 1, seed: 6)
        func fit(_ takesSamples: Bool?) -> SoftmaxFit {
            SoftmaxFit(
                set.features, targets: set.labels.map { Int($0) - 1 }, labelCount: 15, balance: balance,
                shrinkage: 0.3, isPenaltySeen: true, takesSamples: takesSamples)
        }
        var generator = SeededGenerator(seed: 7)
        let point = (0..<15 * 9).map { _ in generator.normal() }
        let (taken, read, chosen) = (
            fit(true).loss(point, strength: 0.3), fit(false).loss(point, strength: 0.3),
            fit(nil).loss(point, strength: 0.3)
        )
        // Features, weights and sums in 32 bits.
        #expect(abs(taken.value - read.value) < 1e-5 * read.value)
        #expect(largestDistance(taken.gradient, read.gradient) < 1e-5)
        #expect(chosen.value == taken.value && chosen.gradient == taken.gradient)
        #expect(taken.gradient != read.gradient)
        var search = LBFGS()
        search.lossTolerance = 0
        func optimum(_ fit: SoftmaxFit) -> SoftmaxFit.Solution {
            fit.weights(fit.solve(strength: 0.05, search: search, check: {}).solution)
        }
        let (one, other) = (optimum(fit(true)), optimum(fit(false)))
        // 32-bit gradients are noise below 10⁻⁶, and the curvature is at least the strength.
        #expect(largestDistance(one.weights, other.weights) < 1e-3)
    }

    @Test(arguments: [nil, true, false]) func threadsDoNotChangeABit(takesSamples: Bool?) {
        // More samples than one block of a part.
        let set = clusters(counts: [700, 500, 300], featureCount: 40, spread: 2, seed: 9)
        var fit = SoftmaxFit(
            set.features, targets: set.labels.map { Int($0) - 1 }, labelCount: 3, balance: .labels, shrinkage: 0.3,
            isPenaltySeen: takesSamples != nil, takesSamples: takesSamples)
        let point = (0..<123).map { Float($0 % 7) / 10 }
        let alone = fit.loss(point, strength: 0.1)
        fit.threads = 3
        let shared = fit.loss(point, strength: 0.1)
        #expect(alone.value == shared.value && alone.gradient == shared.gradient)
    }

    @Test func aPreconditionerSavesSteps() {
        // Features of very different spread.
        var generator = SeededGenerator(seed: 5)
        var set = TrainingSet(featureCount: 12)
        for sample in 0..<300 {
            let noise = generator.normal()
            let features = (0..<12).map { i in
                Float(1 << (i % 4)) * (noise + generator.normal() + Float(sample % 3 * i % 5))
            }
            set.append(RootFeatures(quantizing: features), label: Int64(sample % 3 + 1), fold: 0)
        }
        var search = LBFGS()
        search.lossTolerance = 1e-6
        let plain = Self.fit(set, balance: .samples).solve(strength: 1e-3, search: search, check: {})
        let preconditioned = Self.fit(set, balance: .samples, shrinkage: 0.1)
            .solve(strength: 1e-3, search: search, check: {})
        #expect(preconditioned.iterations < plain.iterations)
        // Both stop where a step gains less than a millionth.
        #expect(abs(preconditioned.loss - plain.loss) < 1e-4 * plain.loss)
    }

    @Test func aStrongPullGivesThePrior() {
        let set = clusters(counts: [6, 6], featureCount: 3, spread: 1, seed: 4)
        let prior: [Float] = [1, -2, 3, 0.5, 0, -1]
        let solution = Self.fit(set, balance: .labels, prior: prior).solve(strength: 1e5, check: {}).solution
        // Gradients of the loss are at most the largest root, about 2, over the strength.
        #expect(largestDistance(solution.weights, prior) < 1e-4)
    }

    @Test func whatTheCheckThrowsEndsTheSearch() {
        let fit = SoftmaxFit(
            FeatureRows(featureCount: 1, values: [0, 2048]), targets: [0, 1], labelCount: 2, balance: .samples)
        #expect(throws: HeadTrainingError.cancelled) {
            try fit.solve(strength: 0.1) {
                () throws(HeadTrainingError) in throw .cancelled
            }
        }
    }
}

@Suite struct LBFGSTests {
    @Test func findsTheMinimumOfANarrowParabola() {
        // Curvatures from 1 to 10⁴, minimum at i.
        let curvature = (0..<8).map { [1.0, 10, 100, 1e3, 1e4, 5, 50, 500][$0] }
        var search = LBFGS()
        search.lossTolerance = 0
        let minimum = search.minimize(from: [Float](repeating: 0, count: 8)) { x in
            let distances = x.enumerated().map { Double($1) - Double($0) }
            return (
                1 + zip(curvature, distances).reduce(0) { $0 + $1.0 * $1.1 * $1.1 / 2 },
                zip(curvature, distances).map { Float($0 * $1) }
            )
        }
        for (i, x) in minimum.parameters.enumerated() {
            // The gradient's tolerance over the smallest curvature, 1.
            #expect(abs(x - Float(i)) <= 1e-5)
        }
    }
}
