import GraftLearning
import Testing

@Suite struct SoftmaxFitTests {
    private static func roots(_ set: TrainingSet) -> [Float] {
        (0..<set.count).flatMap { RootFeatures(values: Array(set.features[$0])).roots }
    }

    @Test(arguments: [SoftmaxFit.Balance.samples, .labels])
    func gradientAgreesWithFiniteDifferences(balance: SoftmaxFit.Balance) {
        let set = clusters(counts: [7, 3, 5], featureCount: 4, spread: 0.7, seed: 2)
        var generator = SeededGenerator(seed: 3)
        let fit = SoftmaxFit(
            features: Self.roots(set), targets: set.labels.map { Int($0) - 1 }, labelCount: 3, balance: balance,
            prior: (0..<12).map { _ in generator.normal() })
        let point = (0..<15).map { _ in Double(generator.normal()) }
        let gradient = fit.loss(point, strength: 0.3).gradient
        let step = 1e-2
        for i in point.indices {
            var (below, above) = (point, point)
            below[i] -= step
            above[i] += step
            let slope =
                (fit.loss(above, strength: 0.3).value - fit.loss(below, strength: 0.3).value) / (2 * step)
            // 32-bit losses of size 1 over 2·10⁻² give 10⁻⁵; the third derivative times 10⁻⁴ / 6 gives as much.
            #expect(abs(slope - gradient[i]) < 1e-4)
        }
    }

    @Test(arguments: [SoftmaxFit.Balance.samples, .labels])
    func optimumIsThatOfScikitLearn(balance: SoftmaxFit.Balance) throws {
        let oracles = try Oracles.load()
        let fit = SoftmaxFit(
            features: oracles.values.map { Float($0) / RootFeatures.scale }, targets: oracles.labels.map(Int.init),
            labelCount: 3, balance: balance)
        var search = LBFGS()
        search.lossTolerance = 0
        let solution = fit.solve(
            strength: oracles.strength,
            from: .init(weights: [Float](repeating: 0, count: 3 * oracles.featureCount), bias: [0, 0, 0]),
            search: search, check: {})
        let expected = balance == .samples ? oracles.perSample : oracles.perLabel
        // 32-bit gradients are noise below 10⁻⁶, and the curvature is at least the strength, 0.05.
        #expect(largestDistance(centred(solution.weights, columns: oracles.featureCount), expected.weights) < 1e-3)
        #expect(largestDistance(centred(solution.bias, columns: 1), expected.bias) < 1e-3)
    }

    @Test func aStrongPullGivesThePrior() {
        let set = clusters(counts: [6, 6], featureCount: 3, spread: 1, seed: 4)
        let prior: [Float] = [1, -2, 3, 0.5, 0, -1]
        let fit = SoftmaxFit(
            features: Self.roots(set), targets: set.labels.map { Int($0) - 1 }, labelCount: 2, balance: .labels,
            prior: prior)
        let solution = fit.solve(
            strength: 1e5, from: .init(weights: [0, 0, 0, 0, 0, 0], bias: [0, 0]), check: {})
        // Gradients of the loss are at most the largest root, about 2, over the strength.
        #expect(largestDistance(solution.weights, prior) < 1e-4)
    }

    @Test func whatTheCheckThrowsEndsTheSearch() {
        let fit = SoftmaxFit(features: [0, 1], targets: [0, 1], labelCount: 2, balance: .samples)
        #expect(throws: HeadTrainingError.cancelled) {
            try fit.solve(strength: 0.1, from: .init(weights: [0, 0], bias: [0, 0])) {
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
        let minimum = search.minimize(from: [Double](repeating: 0, count: 8)) { x in
            let distances = x.enumerated().map { $1 - Double($0) }
            return (
                1 + zip(curvature, distances).reduce(0) { $0 + $1.0 * $1.1 * $1.1 / 2 },
                zip(curvature, distances).map { $0 * $1 }
            )
        }
        for (i, x) in minimum.parameters.enumerated() {
            // The gradient's tolerance over the smallest curvature, 1.
            #expect(abs(x - Double(i)) <= 1e-5)
        }
    }
}
