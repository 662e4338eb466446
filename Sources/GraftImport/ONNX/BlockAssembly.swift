import GraftCheckpoint
import GraftNetwork

/// Makes blocks and weights of a fused ``MapGraph``: one block between each two tensors that every path crosses.
struct BlockAssembly {
    private let maps: MapGraph
    private var memory: ConstantMemory
    private(set) var blocks: [Block] = []
    private(set) var weights = StateDict()
    /// The initializers that are a parameter but for their layout, by the parameter's name.
    private(set) var sourceNames: [String: String] = [:]

    /// As many as a backbone's file may have.
    private static let layerLimit = 10_000

    /// - Throws: `badTensor` for weights that are no numbers, and what reading them throws.
    init(_ maps: MapGraph, last: Int, memory: ConstantMemory) throws(ImportError) {
        self.maps = maps
        self.memory = memory
        let nodes = maps.leading(to: last)
        guard nodes.count <= Self.layerLimit else { throw .tooLarge(what: "layers", limit: Self.layerLimit) }
        let ends = Set(maps.crossings(of: nodes))
        var part: [Int] = []
        var input = nodes[0]
        for node in nodes.dropFirst() {
            part.append(node)
            guard ends.contains(node) else { continue }
            try addBlock(of: part, input: input)
            (part, input) = ([], node)
        }
        if maps[last].shape.pixels > 1 {
            var names = UniqueNames(blocks.map(\.name))
            blocks.append(Block(names.add("pool"), [.globalAveragePooling]))
        }
    }

    private mutating func addBlock(of part: [Int], input: Int) throws(ImportError) {
        let block = maps[part.last!].tensor
        var numbers = [input: 0]
        var names = UniqueNames([])
        var nodes: [Block.Node] = []
        for node in part {
            let name = names.add(layerName(maps[node]))
            let layer = try layer(maps[node], named: name, in: block)
            var inputs = maps[node].inputs.map { numbers[$0]! }
            // A convolution's second input is what it adds.
            let isConvolution = if case .convolution = layer { true } else { false }
            let residual = isConvolution && inputs.count == 2 ? inputs.removeLast() : nil
            nodes.append(Block.Node(layer, named: name, of: inputs, adding: residual))
            numbers[node] = nodes.count
        }
        blocks.append(Block(block, nodes: nodes))
    }

    /// The ONNX node's name with nothing in it that separates the parts of a parameter's name.
    private func layerName(_ node: MapGraph.Node) -> String {
        let letters = node.label.unicodeScalars.map { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil) ? scalar : "_"
        }
        var name = String(String.UnicodeScalarView(letters))
        name.trimPrefix("_")
        return name.isEmpty ? "layer" : name
    }

    private mutating func layer(
        _ node: MapGraph.Node, named name: String, in block: String
    ) throws(ImportError) -> Layer {
        switch node.operation {
        case .convolution(let convolution):
            return .convolution(try self.convolution(convolution, named: name, in: block))
        case .activation(let activation): return .activation(activation)
        case .sum(let activation): return .sum(activation)
        case .product: return .product
        case .concatenation: return .concatenation
        case .pooling(let pooling):
            return .pooling(
                Pooling(
                    pooling.kind, kernel: pooling.kernel, stride: pooling.stride,
                    padding: pooling.isSame ? .same : pooling.edges.padding))
        case .mean: return .globalAveragePooling
        case .padding(let edges, value: _):
            return .padding(.explicit(top: edges.top, left: edges.left, bottom: edges.bottom, right: edges.right))
        case .image, .affine, .normalization, .clip, .erf, .opaque:
            preconditionFailure("\(node.label) is not fused")
        }
    }

    // MARK: - Weights

    private mutating func convolution(
        _ convolution: MapConvolution, named name: String, in block: String
    ) throws(ImportError) -> Convolution {
        let square = SquareWindow(convolution)
        guard square.edges.largest <= MapGraph.edgeLimit else {
            throw .tooLarge(what: "rows of zeros around a map", limit: MapGraph.edgeLimit)
        }
        let folded = try FoldedWeights(convolution, &memory)
        let parameter = "\(block).\(name)"
        let (o, i) = (convolution.outputChannels, convolution.inputChannels / convolution.groups)
        try memory.claim(shape: [o, square.kernel, square.kernel, i], bytesEach: 4)
        // Columns would have to be transposed to be put back.
        let isAsStored = !folded.isChanged && square.isAsBefore && convolution.layout != .columns
        try add(
            square.spread(folded.weight, convolution), shape: [o, square.kernel, square.kernel, i],
            as: "\(parameter).weight", source: isAsStored ? convolution.weight.source : nil)
        if let bias = folded.bias {
            try add(
                bias, shape: [o], as: "\(parameter).bias", source: folded.isChanged ? nil : convolution.bias?.source)
        }
        if let normalization = convolution.normalization {
            try add(normalization, outputAffine: convolution.outputAffine, of: parameter, channels: o)
        }
        return Convolution(
            name, from: convolution.inputChannels, to: o, kernel: square.kernel, stride: convolution.stride,
            padding: convolution.isSame && square.isAsBefore ? .same : square.edges.padding,
            dilation: convolution.dilation, groups: convolution.groups,
            normalizationEpsilon: convolution.normalization.map { Float($0.epsilon) }, hasBias: folded.bias != nil,
            activation: convolution.activation, sources: [])
    }

    private mutating func add(
        _ normalization: Normalization, outputAffine: Affine?, of parameter: String, channels: Int
    ) throws(ImportError) {
        let variance = try memory.reals(normalization.variance)
        guard variance.allSatisfy({ $0 + normalization.epsilon > 0 }) else {
            throw .badTensor(name: "\(parameter).variance", detail: "holds a variance that is not above 0")
        }
        try addVector(normalization.mean, as: "\(parameter).mean")
        try addVector(normalization.variance, as: "\(parameter).variance")
        guard let affine = outputAffine?.spread(over: channels) else {
            try addVector(normalization.gamma, as: "\(parameter).gamma")
            try addVector(normalization.beta, as: "\(parameter).beta")
            return
        }
        let (gamma, beta) = (try memory.reals(normalization.gamma), try memory.reals(normalization.beta))
        try add(
            gamma.indices.map { Float(gamma[$0] * affine.scale[$0]) }, shape: [channels], as: "\(parameter).gamma")
        try add(
            beta.indices.map { Float(beta[$0] * affine.scale[$0] + affine.shift[$0]) }, shape: [channels],
            as: "\(parameter).beta")
    }

    private mutating func addVector(_ vector: Constant, as name: String) throws(ImportError) {
        try add(try memory.floats(vector), shape: vector.shape, as: name, source: vector.source)
    }

    private mutating func add(
        _ floats: [Float], shape: [Int], as name: String, source: String? = nil
    ) throws(ImportError) {
        // 0 times anything is 0, but for infinity and NaN.
        guard floats.reduce(0, { $0 + 0 * $1 }) == 0 else {
            throw .badTensor(name: source ?? name, detail: "holds infinity or NaN, or overflows when it is folded")
        }
        weights.add(StateTensor(shape: shape, floats: floats), as: name)
        sourceNames[name] = source
    }
}

/// Names, each given once: a number tells those apart that would be alike.
private struct UniqueNames {
    private var names: Set<String>
    private var counts: [String: Int] = [:]

    init(_ names: [String]) { self.names = Set(names) }

    /// `name`, or with a number behind it the first that is new.
    mutating func add(_ name: String) -> String {
        var unique = name
        while !names.insert(unique).inserted {
            counts[name, default: 1] += 1
            unique = "\(name)_\(counts[name]!)"
        }
        return unique
    }
}

/// A convolution's weights with the affine maps before and behind it multiplied in, in 64 bits, and rounded once.
private struct FoldedWeights {
    /// In the layout of the convolution.
    let weight: [Float]
    let bias: [Float]?
    /// Whether anything was multiplied in.
    let isChanged: Bool

    init(_ convolution: MapConvolution, _ memory: inout ConstantMemory) throws(ImportError) {
        // Behind a normalisation, the affine map is folded into that.
        let output = convolution.normalization == nil ? convolution.outputAffine : nil
        isChanged = output != nil || convolution.inputAffine != nil
        guard isChanged else {
            weight = try memory.floats(convolution.weight)
            bias = try convolution.bias.map { bias throws(ImportError) in try memory.floats(bias) }
            return
        }
        let channels = (input: convolution.inputChannels, output: convolution.outputChannels)
        let before = (convolution.inputAffine ?? .identity).spread(over: channels.input)
        let after = (output ?? .identity).spread(over: channels.output)
        var weight = try memory.reals(convolution.weight)
        var bias = [Double](repeating: 0, count: channels.output)
        if let stored = convolution.bias { bias = try memory.reals(stored) }
        let places = convolution.kernelHeight * convolution.kernelWidth
        let groupInputs = channels.input / convolution.groups
        let groupOutputs = channels.output / convolution.groups
        for o in 0..<channels.output {
            for i in 0..<groupInputs {
                let channel = o / groupOutputs * groupInputs + i
                let start = convolution.layout == .columns ? i * channels.output + o : (o * groupInputs + i) * places
                for w in start..<start + places {
                    bias[o] += weight[w] * before.shift[channel]
                    weight[w] *= before.scale[channel] * after.scale[o]
                }
            }
            bias[o] = bias[o] * after.scale[o] + after.shift[o]
        }
        try memory.claim(weight.count, bytesEach: 4)
        self.weight = weight.map { Float($0) }
        let isNeeded = convolution.bias != nil || bias.contains { $0 != 0 }
        self.bias = isNeeded ? bias.map { Float($0) } : nil
    }
}

/// The smallest square around a convolution's window, with zeros where the window is not, and the padding that keeps the
/// window in its places.
private struct SquareWindow {
    let kernel: Int
    let top: Int
    let left: Int
    let edges: Edges
    let isAsBefore: Bool

    init(_ convolution: MapConvolution) {
        let (height, width) = (convolution.kernelHeight, convolution.kernelWidth)
        kernel = max(height, width)
        (top, left) = ((kernel - height) / 2, (kernel - width) / 2)
        let added = Edges(
            top: top, left: left, bottom: kernel - height - top, right: kernel - width - left)
        let dilation = convolution.dilation
        edges =
            convolution.edges
            + Edges(
                top: added.top * dilation, left: added.left * dilation, bottom: added.bottom * dilation,
                right: added.right * dilation)
        isAsBefore = height == width
    }

    /// `weight` as `[O, kernel, kernel, I / groups]`.
    func spread(_ weight: [Float], _ convolution: MapConvolution) -> [Float] {
        let (height, width) = (convolution.kernelHeight, convolution.kernelWidth)
        let (outputs, inputs) = (convolution.outputChannels, convolution.inputChannels / convolution.groups)
        // With one place or one channel both orders are the same.
        if isAsBefore, convolution.layout != .columns, inputs == 1 || kernel == 1 { return weight }
        var square = [Float](repeating: 0, count: outputs * kernel * kernel * inputs)
        for o in 0..<outputs {
            for y in 0..<height {
                for x in 0..<width {
                    let target = ((o * kernel + y + top) * kernel + x + left) * inputs
                    for i in 0..<inputs {
                        let source =
                            convolution.layout == .columns
                            ? i * outputs + o : ((o * inputs + i) * height + y) * width + x
                        square[target + i] = weight[source]
                    }
                }
            }
        }
        return square
    }
}
