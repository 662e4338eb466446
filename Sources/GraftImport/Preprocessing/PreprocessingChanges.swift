import GraftImage

/// What somebody, or a file beside the weights, says of how images are prepared; what is nil stays as it was.
package struct PreprocessingChanges: Sendable, Equatable {
    /// The side of the network's images, pixels.
    package var side: Int?
    /// What the shorter side is resized to before the middle is cut out, pixels.
    package var resizedSide: Int?
    package var interpolation: Interpolation?
    package var channelOrder: Preprocessing.ChannelOrder?
    /// Of red, green and blue in 0...1.
    package var mean: [Float]?
    /// Of red, green and blue in 0...1.
    package var standardDeviation: [Float]?

    package init() {}

    package var isEmpty: Bool { self == PreprocessingChanges() }

    /// - Throws: `badPreprocessing` for what no network can expect.
    func applied(to old: Preprocessing) throws(ImportError) -> Preprocessing {
        let side = side ?? old.cropSide
        guard (1...4096).contains(side) else {
            throw .badPreprocessing(detail: "the image's side is \(side), expected 1...4096 pixels")
        }
        let resized = resizedSide ?? old.cropping(to: side).resizeShorterSide
        guard (side...4096).contains(resized) else {
            throw .badPreprocessing(detail: "images are resized to \(resized), expected \(side)...4096 pixels")
        }
        let order = channelOrder ?? old.channelOrder
        func colours(_ new: [Float]?, _ old: [Float], isFlipped: Bool) -> [Float] {
            if let new { return order == .bgr ? new.reversed() : new }
            return isFlipped ? old.reversed() : old
        }
        if let mean {
            guard mean.count == 3, mean.allSatisfy({ (-1...1).contains($0) }) else {
                throw .badPreprocessing(
                    detail: "the mean is \(mean), expected three numbers of 0...1: divide those of 0...255 by 255")
            }
        }
        if let standardDeviation {
            guard standardDeviation.count == 3, standardDeviation.allSatisfy({ $0 > 0 && $0 <= 1 }) else {
                throw .badPreprocessing(
                    detail: "the deviation is \(standardDeviation), expected three numbers above 0 and up to 1: divide "
                        + "those of 0...255 by 255")
            }
        }
        let isFlipped = order != old.channelOrder
        return Preprocessing(
            resizeShorterSide: resized, cropSide: side, interpolation: interpolation ?? old.interpolation,
            channelOrder: order, mean: colours(mean, old.mean, isFlipped: isFlipped),
            standardDeviation: colours(standardDeviation, old.standardDeviation, isFlipped: isFlipped))
    }
}
