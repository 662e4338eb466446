/// Tops as points in the space of their weights.
extension TunedTop {
    /// The weights that lie between those of `start`, at 0, and these, at 1 (WiSE-FT: Wortsman et al. 2022, arXiv
    /// 2109.01903).
    ///
    /// A part of the way keeps what the backbone knew of images unlike the few that were learned.
    ///
    /// - Precondition: both have the same parameters and a linear head over the same labels.
    func moved(from start: TunedTop, by part: Float) -> TunedTop {
        func between(_ a: [Float], _ b: [Float]) -> [Float] { zip(a, b).map { $0 + part * ($1 - $0) } }
        return combined(with: start) { between($1, $0) }
    }

    /// Adds `other` to the mean of `count` tops that this is: exactly the same where all are.
    ///
    /// The mean of models that were trained from one start is better than each, and about as good as all of them together,
    /// for the price of one (model soups: Wortsman et al. 2022, arXiv 2203.05482).
    func mean(of count: Int, with other: TunedTop) -> TunedTop {
        let part = 1 / Float(count + 1)
        return combined(with: other) { zip($0, $1).map { $0 + part * ($1 - $0) } }
    }

    private func combined(with other: TunedTop, _ combine: ([Float], [Float]) -> [Float]) -> TunedTop {
        guard case .linear(let head) = head, case .linear(let otherHead) = other.head else {
            preconditionFailure("only linear heads have a mean")
        }
        precondition(head.labels == otherHead.labels && parameters.count == other.parameters.count)
        let combined = LinearHead(
            labels: head.labels, featureCount: head.featureCount, space: head.space,
            weights: combine(head.weights, otherHead.weights), bias: combine(head.bias, otherHead.bias),
            temperature: head.temperature)
        return TunedTop(
            blocks: blocks,
            parameters: Dictionary(
                uniqueKeysWithValues: parameters.map { ($0.key, combine($0.value, other.parameters[$0.key]!)) }),
            head: .linear(combined), epochs: epochs, keptEpoch: keptEpoch)
    }
}
