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
        var map = Map(shape: latent, values: values)
        for block in blocks { map = run(block, on: map) }
        var features = map.values
        if head.hiddenCount != nil { features = dense("head.hidden", features).map { max($0, 0) } }
        return dense("head.output", features)
    }

    private func run(_ block: Block, on input: Map) -> Map {
        var shortcut: Map?
        switch block.shortcut {
        case .none: break
        case .identity: shortcut = input
        case .projection(let projection): shortcut = convolve(projection, block.name, input, adding: nil)
        }
        var map = input
        for (l, layer) in block.layers.enumerated() {
            switch layer {
            case .convolution(let convolution):
                map = convolve(convolution, block.name, map, adding: l == block.layers.count - 1 ? shortcut : nil)
            case .pooling(let pooling): map = pool(pooling, map)
            case .globalAveragePooling:
                let (pixels, channels) = (map.shape.pixels, map.shape.channels)
                let means = (0..<channels).map { c in
                    (0..<pixels).reduce(0.0) { $0 + map.values[$1 * channels + c] } / Double(pixels)
                }
                map = Map(shape: MapShape(height: 1, width: 1, channels: channels), values: means)
            }
        }
        return map
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
        }
    }
}
