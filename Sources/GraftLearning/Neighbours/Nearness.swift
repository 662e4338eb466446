/// When two samples count as the same picture, or as good as.
package struct Nearness: Sendable {
    /// Features with a larger cosine are of the same picture, or as good as: of clip art, 3 of 4 pictures that were brightened
    /// by an eighth, turned by 3°, moved or cut by 5 % of their side, or compressed to quality 50, are that close to
    /// themselves. Of Fashion-MNIST, where every picture is of another garment, 1 of 100 has another one so close; of clip
    /// art, where many are drawn over others, 15 of 100.
    package static let cosine: Float = 0.95
    /// At most this part of the mean squared distance of two samples. Where all pictures are of one scene, every cosine is
    /// large, and this tells them apart; in clip art and Fashion-MNIST the cosine alone decides.
    private static let distancePart = 0.15
    /// With fewer samples it is not known how far apart they are.
    private static let sampleMinimum = 20

    /// In units of ``RootFeatures`` squared; nil for any.
    private let squaredDistanceLimit: Double?

    /// - Parameter statistics: Of the samples that there are.
    package init(_ statistics: LabelStatistics) {
        // Two samples are twice as far from one another as one from the mean.
        squaredDistanceLimit =
            statistics.count < Self.sampleMinimum ? nil : Self.distancePart * 2 * statistics.meanSquaredDistance
    }

    /// - Precondition: the two have as many features.
    package func areNear(_ a: RootFeatures, _ b: RootFeatures) -> Bool {
        precondition(a.values.count == b.values.count)
        var (dot, square, otherSquare): (Int64, Int64, Int64) = (0, 0, 0)
        for (x, y) in zip(a.values, b.values) {
            dot += Int64(x) * Int64(y)
            square += Int64(x) * Int64(x)
            otherSquare += Int64(y) * Int64(y)
        }
        // Features without length are the same only as one another.
        guard square > 0, otherSquare > 0 else { return square == otherSquare }
        let lengths = Double(square).squareRoot() * Double(otherSquare).squareRoot()
        guard Double(dot) > Double(Self.cosine) * lengths else { return false }
        return squaredDistanceLimit.map { Double(square + otherSquare - 2 * dot) <= $0 } ?? true
    }
}
