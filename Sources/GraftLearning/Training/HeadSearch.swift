/// How much of a search for a softmax head is worth its work: the first of these that stays below a limit.
///
/// 1. all folds and all strengths
/// 2. two folds and all strengths
/// 3. one fold and all strengths
/// 4. one fold and one strength, the middle one
/// 5. no fit at all: the analytic head's weights, judged on one fold
package struct HeadSearch: Sendable, Equatable {
    /// How many folds are held out, one after the other.
    package var folds: Int
    /// What is tried, strongest first; none for no fit.
    package var strengths: [Double]

    /// Passes over the samples that a fit takes at its first strength, and at each further one: what was seen on clip art
    /// and Fashion-MNIST, 15 to 40 and 10 to 20.
    private static let firstPasses = 28.0
    private static let furtherPasses = 15.0

    /// - Parameter workLimit: Multiplications.
    /// - Precondition: there is a fold.
    package init(
        samples: Int, labels: Int, features: Int, folds: Int, strengths: [Double], workLimit: Double
    ) {
        precondition(folds > 0)
        // Scores and gradient take one multiplication each for every element.
        let pass = 2 * Double(samples) * Double(labels) * Double(features)
        func work(_ folds: Int, _ strengths: Int) -> Double {
            // Each fit to a fold, and the one to all samples.
            let fits = Double(folds) * Double(Folds.count - 1) / Double(Folds.count) + 1
            return fits * pass * (Self.firstPasses + Self.furtherPasses * Double(strengths - 1))
        }
        let middle = strengths.isEmpty ? [] : [strengths[strengths.count / 2]]
        let options = [(folds, strengths), (min(2, folds), strengths), (1, strengths), (1, middle)]
        let affordable = options.first { !$0.1.isEmpty && work($0.0, $0.1.count) <= workLimit }
        (self.folds, self.strengths) = affordable ?? (1, [])
    }
}
