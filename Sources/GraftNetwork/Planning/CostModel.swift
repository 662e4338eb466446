import GraftTensor

/// About how many cycles of one core an algorithm takes.
///
/// A model rather than a measurement: the same CPU always gets the same plan, so that answers repeat bit for bit from one
/// start to the next, and a start does not wait for a stopwatch.
package struct CostModel: Sendable {
    /// Multiply-adds of 32-bit floats per cycle.
    private let multiplyAdds: Double
    /// Floats in a vector.
    private let lanes: Double
    /// Bytes per cycle that arrive from beyond a core's own caches, while it computes.
    private let memoryBytes = 5.2

    package init(_ instructionSet: InstructionSet) {
        switch instructionSet {
        case .scalar: (multiplyAdds, lanes) = (4, 4)
        case .neon: (multiplyAdds, lanes) = (8, 4)
        case .avx2: (multiplyAdds, lanes) = (16, 8)
        case .avx512: (multiplyAdds, lanes) = (32, 16)
        }
    }

    /// The side of the tiles by which Winograd's minimal filtering computes `convolution` fastest; nil if it cannot, or
    /// the product over gathered windows is faster.
    package func winogradTile(for convolution: Convolution, from input: MapShape, to output: MapShape) -> Int? {
        guard
            convolution.kernel == 3 && convolution.stride == 1 && convolution.dilation == 1 && convolution.groups == 1
        else { return nil }
        let costs = [2, 4].map { tile in
            (tile, winograd(convolution, WinogradTiling(tile: tile, from: input, to: output)))
        }
        let best = costs.min { $0.1 < $1.1 }!
        return best.1 < gathered(convolution, output: output) ? best.0 : nil
    }

    /// A matrix product over gathered windows.
    func gathered(_ convolution: Convolution, output: MapShape) -> Double {
        let products = Double(output.count * convolution.depth)
        let copied = Double(output.pixels * convolution.depth)
        return multiplying(products, weights: output.channels * convolution.depth) + copied / lanes
    }

    /// Winograd's minimal filtering: (m + 2)² products for m² pixels, with a transformation before and after.
    func winograd(_ convolution: Convolution, _ tiling: WinogradTiling) -> Double {
        let plane = Double((tiling.tile + 2) * (tiling.tile + 2))
        let (input, output) = (Double(convolution.inputChannels), Double(convolution.outputChannels))
        let products = Double(tiling.tileCount) * plane * input * output
        // About ten cycles for a vector of elements, on each way: measured on layers of 64 to 512 channels.
        let transformed = Double(tiling.tileCount) * plane * (input + output) * 10
        return multiplying(products, weights: Int(plane * input * output)) + transformed / lanes
    }

    /// The products, or the weights on their way from memory, if that takes longer.
    private func multiplying(_ products: Double, weights: Int) -> Double {
        max(products / multiplyAdds, Double(weights * MemoryLayout<Float>.stride) / memoryBytes)
    }
}
