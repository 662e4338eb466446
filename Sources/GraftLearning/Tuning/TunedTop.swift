import GraftNetwork

/// What a tuning made: the weights of the blocks that trained, and the head above them.
package struct TunedTop: Sendable, Equatable {
    /// The blocks that trained, bottom first, those without parameters left out; none if only the head did.
    package let blocks: [String]
    /// The elements of each of their parameters by canonical name, in canonical layout and not folded: stored statistics
    /// are what they were.
    package let parameters: [String: [Float]]
    /// Over plain features, unless it was trained on others; with temperature 1.
    package let head: VersionHead
    /// What each epoch came to.
    package let epochs: [TuningEpoch]
    /// The number, from 1, of the epoch whose weights these are.
    package let keptEpoch: Int

    package init(
        blocks: [String], parameters: [String: [Float]], head: VersionHead, epochs: [TuningEpoch], keptEpoch: Int
    ) {
        (self.blocks, self.parameters, self.head) = (blocks, parameters, head)
        (self.epochs, self.keptEpoch) = (epochs, keptEpoch)
    }
}
