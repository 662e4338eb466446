/// What a network expects its images to have been through.
///
/// Read from the metadata of a backbone file; decoding it checks every value, so one that exists can be used.
package struct Preprocessing: Codable, Sendable, Equatable {
    /// In which order the last axis of the tensor holds the colours.
    package enum ChannelOrder: String, Codable, Sendable { case rgb, bgr }

    /// The shorter side is resized to this, pixels, 1...4096; the other keeps the proportions.
    package let resizeShorterSide: Int
    /// Then a square of this side is cut from the middle, pixels, 1...resizeShorterSide.
    package let cropSide: Int
    package let interpolation: Interpolation
    package let channelOrder: ChannelOrder
    /// The tensor holds `(value / 255 - mean) / standardDeviation`, three each, in the order of the tensor's channels.
    package let mean: [Float]
    package let standardDeviation: [Float]

    /// - Precondition: the values are in the ranges above, deviations greater than 0.
    package init(
        resizeShorterSide: Int, cropSide: Int, interpolation: Interpolation, channelOrder: ChannelOrder,
        mean: [Float], standardDeviation: [Float]
    ) {
        self.resizeShorterSide = resizeShorterSide
        self.cropSide = cropSide
        self.interpolation = interpolation
        self.channelOrder = channelOrder
        self.mean = mean
        self.standardDeviation = standardDeviation
        if let problem { preconditionFailure(problem) }
    }

    /// The same for another side, in pixels; the border that is cut off stays in proportion.
    package func cropping(to side: Int) -> Preprocessing {
        Preprocessing(
            resizeShorterSide: max(side, resizeShorterSide * side / cropSide), cropSide: side,
            interpolation: interpolation, channelOrder: channelOrder, mean: mean,
            standardDeviation: standardDeviation)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        resizeShorterSide = try container.decode(Int.self, forKey: .resizeShorterSide)
        cropSide = try container.decode(Int.self, forKey: .cropSide)
        interpolation = try container.decode(Interpolation.self, forKey: .interpolation)
        channelOrder = try container.decode(ChannelOrder.self, forKey: .channelOrder)
        mean = try container.decode([Float].self, forKey: .mean)
        standardDeviation = try container.decode([Float].self, forKey: .standardDeviation)
        if let problem {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: problem))
        }
    }

    private var problem: String? {
        if !(1...4096).contains(resizeShorterSide) {
            return "resizeShorterSide is \(resizeShorterSide), expected 1...4096"
        }
        if !(1...resizeShorterSide).contains(cropSide) {
            return "cropSide is \(cropSide), expected 1...\(resizeShorterSide)"
        }
        if mean.count != 3 || !mean.allSatisfy(\.isFinite) { return "mean is \(mean), expected three numbers" }
        if standardDeviation.count != 3 || !standardDeviation.allSatisfy({ $0.isFinite && $0 > 0 }) {
            return "standardDeviation is \(standardDeviation), expected three numbers greater than 0"
        }
        return nil
    }
}
