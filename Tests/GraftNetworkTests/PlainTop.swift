import Foundation
import GraftNetwork

/// Blocks and a head as plain loops in 64-bit, one image at a time: what a top is compared with.
struct PlainTop {
    let blocks: [Block]
    let latent: MapShape
    let head: TopHead
    /// By the names of the parameters.
    var elements: [String: [Double]]

    /// A map `[H, W, C]`.
    private struct Map {
        let shape: MapShape
        var values: [Double]

        init(shape: MapShape, values: [Double]) {
            (self.shape, self.values) = (shape, values)
        }

        init(shape: MapShape, _ element: (_ y: Int, _ x: Int, _ c: Int) -> Double) {
            self.shape = shape
            values = (0..<shape.count).map { i in
                element(i / shape.channels / shape.width, i / shape.channels % shape.width, i % shape.channels)
            }
        }

        func callAsFunction(_ y: Int, _ x: Int, _ c: Int) -> Double {
            values[(y * shape.width + x) * shape.channels + c]
        }
    }

    func loss(_ latents: [Double], labels: [Int], smoothing: Double) -> Double {
        var sum = 0.0
        for (n, label) in labels.enumerated() {
            let logits = logits(Array(latents[n * latent.count..<(n + 1) * latent.count]))
            let logOfSum = log(logits.reduce(0) { $0 + exp($1) })
            for (l, logit) in logits.enumerated() {
                let target = smoothing / Double(logits.count) + (l == label ? 1 - smoothing : 0)
                sum += target * (logOfSum - logit)
            }
        }
        return sum / Double(labels.count)
    }

    /// Of one image.
    private func logits(_ values: [Double]) -> [Double] {
        var features = features(values)
        if head.takesRoots { features = features.map { $0 < 0 ? -(-$0).squareRoot() : $0.squareRoot() } }
        if head.hiddenCount != nil { features = dense("head.hidden", features).map { max($0, 0) } }
        return dense("head.output", features)
    }

    /// What comes out of the blocks, of one image.
    func features(_ values: [Double]) -> [Double] {
        blocks.reduce(Map(shape: latent, values: values)) { run($1, on: $0) }.values
    }

    private func run(_ block: Block, on input: Map) -> Map {
        var maps = [input]
        for node in block.nodes {
            maps.append(
                run(node.layer, block.name, on: node.inputs.map { maps[$0] }, adding: node.residual.map { maps[$0] }))
        }
        return maps.last!
    }

    private func run(_ layer: Layer, _ block: String, on inputs: [Map], adding residual: Map?) -> Map {
        let (input, shape) = (inputs[0], layer.output(of: inputs.map(\.shape))!)
        switch layer {
        case .convolution(let convolution): return convolve(convolution, block, input, adding: residual)
        case .pooling(let pooling): return pool(pooling, input)
        case .globalAveragePooling:
            let (pixels, channels) = (input.shape.pixels, input.shape.channels)
            return Map(shape: shape) { _, _, c in
                (0..<pixels).reduce(0.0) { $0 + input.values[$1 * channels + c] } / Double(pixels)
            }
        case .sum(let activation):
            return Map(shape: shape) { y, x, c in activated(input(y, x, c) + inputs[1](y, x, c), activation) }
        case .product:
            let isVector = inputs[1].shape != shape
            return Map(shape: shape) { y, x, c in input(y, x, c) * inputs[1](isVector ? 0 : y, isVector ? 0 : x, c) }
        case .concatenation:
            return Map(shape: shape) { y, x, c in
                var c = c
                for map in inputs {
                    if c < map.shape.channels { return map(y, x, c) }
                    c -= map.shape.channels
                }
                return .nan
            }
        case .activation(let activation):
            return Map(shape: shape) { y, x, c in activated(input(y, x, c), activation) }
        case .padding(let padding):
            guard case .explicit(let top, let left, _, _) = padding else { preconditionFailure("not in these tests") }
            return Map(shape: shape) { y, x, c in
                let isInside =
                    (0..<input.shape.height).contains(y - top) && (0..<input.shape.width).contains(x - left)
                return isInside ? input(y - top, x - left, c) : 0
            }
        }
    }

    private func convolve(_ convolution: Convolution, _ block: String, _ input: Map, adding shortcut: Map?) -> Map {
        let name = "\(block).\(convolution.name)"
        let weight = elements["\(name).weight"]!
        let (top, left, shape) = convolution.output(of: input.shape)
        let (kernel, groups) = (convolution.kernel, convolution.groups)
        let (inputs, outputs) = (convolution.inputChannels / groups, convolution.outputChannels / groups)
        var output = Map(shape: shape, values: [Double](repeating: 0, count: shape.count))
        for y in 0..<shape.height {
            for x in 0..<shape.width {
                for o in 0..<shape.channels {
                    var sum = 0.0
                    for i in 0..<kernel {
                        let row = y * convolution.stride + i * convolution.dilation - top
                        guard (0..<input.shape.height).contains(row) else { continue }
                        for j in 0..<kernel {
                            let column = x * convolution.stride + j * convolution.dilation - left
                            guard (0..<input.shape.width).contains(column) else { continue }
                            for c in 0..<inputs {
                                sum +=
                                    input(row, column, o / outputs * inputs + c)
                                    * weight[((o * kernel + i) * kernel + j) * inputs + c]
                            }
                        }
                    }
                    if convolution.hasBias { sum += elements["\(name).bias"]![o] }
                    if let epsilon = convolution.normalizationEpsilon {
                        let deviation = (elements["\(name).variance"]![o] + Double(epsilon)).squareRoot()
                        sum =
                            elements["\(name).gamma"]![o] * (sum - elements["\(name).mean"]![o]) / deviation
                            + elements["\(name).beta"]![o]
                    }
                    let at = (y * shape.width + x) * shape.channels + o
                    output.values[at] = activated(sum + (shortcut?.values[at] ?? 0), convolution.activation)
                }
            }
        }
        return output
    }

    private func pool(_ pooling: Pooling, _ input: Map) -> Map {
        let (top, left, shape) = pooling.output(of: input.shape)
        var output = Map(shape: shape, values: [Double](repeating: 0, count: shape.count))
        for y in 0..<shape.height {
            for x in 0..<shape.width {
                let rows = (0..<pooling.kernel).map { y * pooling.stride + $0 - top }
                let columns = (0..<pooling.kernel).map { x * pooling.stride + $0 - left }
                for c in 0..<shape.channels {
                    let found = rows.filter((0..<input.shape.height).contains).flatMap { row in
                        columns.filter((0..<input.shape.width).contains).map { input(row, $0, c) }
                    }
                    let at = (y * shape.width + x) * shape.channels + c
                    switch pooling.kind {
                    case .max: output.values[at] = found.max()!
                    case .average(let countsPadding):
                        output.values[at] =
                            found.reduce(0, +) / Double(countsPadding ? rows.count * columns.count : found.count)
                    }
                }
            }
        }
        return output
    }

    private func dense(_ name: String, _ input: [Double]) -> [Double] {
        let (weight, bias) = (elements["\(name).weight"]!, elements["\(name).bias"]!)
        return bias.indices.map { o in
            input.indices.reduce(bias[o]) { $0 + input[$1] * weight[o * input.count + $1] }
        }
    }

    private func activated(_ x: Double, _ activation: Activation) -> Double {
        switch activation {
        case .none: x
        case .relu: max(x, 0)
        case .relu6: min(max(x, 0), 6)
        case .silu: x / (1 + exp(-x))
        case .hardSwish: x * min(max(x + 3, 0), 6) / 6
        case .gelu: x * erfc(-x / 2.0.squareRoot()) / 2
        case .sigmoid: 1 / (1 + exp(-x))
        case .hardSigmoid: min(max(x + 3, 0), 6) / 6
        }
    }
}
