/// How a graph takes its image: as one of `side` × `side` pixels in three channels, and in which order.
struct ImageInput {
    let side: Int
    let axes: [MapValue.Axis]

    /// Reads it off the graph's input.
    ///
    /// - Parameter side: what the user asks for; nil for what the graph says.
    /// - Throws: `badInput`.
    init(_ input: ONNXValueInfo, side: Int?) throws(ImportError) {
        func mistake(_ expected: String) -> ImportError {
            .badInput(name: input.name, shape: input.shapeText, expected: expected)
        }
        guard let shape = input.shape, shape.count == 3 || shape.count == 4 else {
            throw mistake("an image, [N, 3, H, W] or [N, H, W, 3]")
        }
        let image = shape.suffix(3)
        let (first, last) = (image.first!, image.last!)
        let isChannelsFirst = first == .fixed(3)
        guard isChannelsFirst || last == .fixed(3) else { throw mistake("3 channels, red, green and blue") }
        let order: [MapValue.Axis] = isChannelsFirst ? [.channel, .height, .width] : [.height, .width, .channel]
        axes = (shape.count == 4 ? [.unit] : []) + order

        let sides = isChannelsFirst ? image.dropFirst() : image.dropLast()
        var own: Set<Int> = []
        for case .fixed(let count) in sides { own.insert(count) }
        guard own.count <= 1 else { throw mistake("as many rows as columns") }
        guard let side = side ?? own.first else {
            throw mistake("a fixed size, which --size gives")
        }
        guard side > 0, side <= Self.sideLimit else { throw mistake("between 1 and \(Self.sideLimit) pixels a side") }
        self.side = side
    }

    private static let sideLimit = 4096
}
