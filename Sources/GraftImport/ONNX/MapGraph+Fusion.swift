import GraftNetwork

// Makes of each convolution and what follows it one node, as the network's layers are. A fused node takes the place of
// its last part, so that the order stays one in which the nodes can run.

/// Fuses the nodes of a ``MapGraph`` that lead to one of them.
struct Fusion {
    private(set) var maps: MapGraph
    private(set) var memory: ConstantMemory
    /// What the network's user should know.
    private(set) var notes: [String] = []
    private var uses: [Int]
    /// The length of the longest path from the image to each node.
    private var depths: [Int]
    private let last: Int

    init(_ maps: MapGraph, last: Int, memory: ConstantMemory) {
        self.maps = maps
        self.memory = memory
        self.last = last
        uses = Array(repeating: 0, count: maps.nodes.count)
        depths = uses
        for node in maps.leading(to: last) {
            for input in maps[node].inputs { uses[input] += 1 }
            depths[node] = maps[node].inputs.reduce(0) { max($0, depths[$1] + 1) }
        }
        uses[last] += 1
    }

    /// Fuses what can be fused; what is left is what layers there are.
    ///
    /// - Throws: `unsupportedOperator` for activations that there are not.
    mutating func run() throws(ImportError) {
        for node in maps.leading(to: last) {
            switch maps[node].operation {
            case .normalization(let normalization): try fuse(normalization, at: node)
            case .affine(let affine): try fuse(affine, at: node)
            case .clip(0, .infinity): try fuse(.relu, at: node)
            case .clip(0, 6): try fuse(.relu6, at: node)
            case .clip(let lower, let upper):
                throw unsupported(node, "it clips to \(lower)…\(upper), expected 0…6 or 0 and no upper bound")
            case .activation(let activation): try fuse(activation, at: node)
            case .erf: throw unsupported(node, "it is not part of a Gelu")
            case .sum: try fuseSum(at: node)
            case .convolution(let convolution): fuse(convolution, at: node)
            case .pooling(let pooling): fuse(pooling, at: node)
            case .opaque(let opaque): throw opaque.error
            case .image, .product, .concatenation, .mean, .padding: break
            }
        }
        noteInputAffine()
        for node in maps.leading(to: last) {
            if case .padding(_, value: -.infinity) = maps[node].operation {
                throw unsupported(node, "it pads with the smallest number, and no maximum follows")
            }
            if case .affine(let affine) = maps[node].operation { try convolve(affine, at: node) }
        }
    }

    /// Says so if the graph itself scales its image, which preprocessing must not do again.
    private mutating func noteInputAffine() {
        for node in maps.leading(to: last) {
            if case .affine(let affine) = maps[node].operation, maps[node].inputs == [0] {
                notes.append(note(affine))
            } else if case .convolution(let convolution) = maps[node].operation, maps[node].inputs[0] == 0,
                let affine = convolution.inputAffine
            {
                notes.append(note(affine))
            }
        }
    }

    private func note(_ affine: Affine) -> String {
        "the graph scales its image by \(affine.scale.map { Float($0) }) and adds \(affine.shift.map { Float($0) }); "
            + "preprocessing must not normalise it again"
    }

    private func unsupported(_ node: Int, _ detail: String) -> ImportError {
        .unsupportedOperator(operator: maps[node].operatorName, node: maps[node].label, detail: detail)
    }

    /// The convolution that makes the only input of `node`, if nobody else uses it and nothing is done to it yet.
    private func openConvolution(_ input: Int) -> MapConvolution? {
        guard uses[input] == 1, maps[input].inputs.count == 1,
            case .convolution(let convolution) = maps[input].operation,
            convolution.activation == .none
        else { return nil }
        return convolution
    }

    /// Replaces `node` by `convolution` with the inputs of `former`, which nobody else uses.
    private mutating func replace(_ node: Int, by convolution: MapConvolution, of former: Int, residual: Int? = nil) {
        let old = maps[former]
        maps[node] = MapGraph.Node(
            operation: .convolution(convolution), inputs: old.inputs + (residual.map { [$0] } ?? []),
            shape: maps[node].shape, tensor: maps[node].tensor, label: old.label, operatorName: old.operatorName,
            isNonNegative: maps[node].isNonNegative)
    }

    // MARK: - Behind a convolution

    private mutating func fuse(_ normalization: Normalization, at node: Int) throws(ImportError) {
        let input = maps[node].inputs[0]
        if var convolution = openConvolution(input), convolution.normalization == nil, convolution.outputAffine == nil {
            convolution.normalization = normalization
            replace(node, by: convolution, of: input)
        } else {
            let affine = try normalization.affine(&memory)
            maps[node].operation = .affine(affine)
            try fuse(affine, at: node)
        }
    }

    private mutating func fuse(_ affine: Affine, at node: Int) throws(ImportError) {
        let input = maps[node].inputs[0]
        try memory.claim(2 * maps[node].shape.channels)
        if var convolution = openConvolution(input) {
            convolution.outputAffine = affine.after(convolution.outputAffine ?? .identity)
            replace(node, by: convolution, of: input)
        } else if uses[input] == 1, case .affine(let inner) = maps[input].operation {
            maps[node].operation = .affine(affine.after(inner))
            maps[node].inputs = maps[input].inputs
        }
    }

    private mutating func fuse(_ activation: Activation, at node: Int) throws(ImportError) {
        let input = maps[node].inputs[0]
        if uses[input] == 1 {
            if case .affine(let affine) = maps[input].operation { try convolve(affine, at: input) }
            if case .convolution(var convolution) = maps[input].operation, convolution.activation == .none {
                convolution.activation = activation
                replace(node, by: convolution, of: input)
                return
            }
            if case .sum(.none) = maps[input].operation {
                maps[node].operation = .sum(activation)
                maps[node].inputs = maps[input].inputs
                return
            }
        }
        maps[node].operation = .activation(activation)
    }

    /// Lets the longer of the two branches, if a convolution ends it, add the other.
    private mutating func fuseSum(at node: Int) throws(ImportError) {
        let inputs = maps[node].inputs
        let ends = inputs.filter { openConvolution($0) != nil }
        guard let end = ends.max(by: { depths[$0] < depths[$1] }), let convolution = openConvolution(end) else {
            return
        }
        replace(node, by: convolution, of: end, residual: inputs[0] == end ? inputs[1] : inputs[0])
    }

    /// Makes an affine map that no convolution took up a convolution of its own.
    private mutating func convolve(_ affine: Affine, at node: Int) throws(ImportError) {
        let channels = maps[node].shape.channels
        try memory.claim(2 * channels)
        let affine = affine.spread(over: channels)
        let convolution = MapConvolution(
            weight: Constant(shape: [channels, 1, 1, 1], .reals(affine.scale)), layout: .convolution,
            bias: Constant(shape: [channels], .reals(affine.shift)), inputChannels: channels, outputChannels: channels,
            kernelHeight: 1, kernelWidth: 1, stride: 1, dilation: 1, groups: channels, edges: Edges(), isSame: false,
            isFullyConnected: false)
        maps[node].operation = .convolution(convolution)
    }

    // MARK: - Before a window

    private mutating func fuse(_ convolution: MapConvolution, at node: Int) {
        var convolution = convolution
        if case .padding(let edges, value: 0) = maps[maps[node].inputs[0]].operation,
            (convolution.edges + edges).largest <= MapGraph.edgeLimit
        {
            convolution.edges = convolution.edges + edges
            convolution.isSame = false
            skipInput(of: node)
        }
        let input = maps[node].inputs[0]
        // What is padded with zeros must not become something else.
        if uses[input] == 1, case .affine(let affine) = maps[input].operation,
            convolution.edges.isEmpty || affine.shift.allSatisfy({ $0 == 0 })
        {
            convolution.inputAffine = affine
            skipInput(of: node)
        }
        maps[node].operation = .convolution(convolution)
    }

    private mutating func fuse(_ pooling: MapPooling, at node: Int) {
        let input = maps[node].inputs[0]
        guard case .padding(let edges, let value) = maps[input].operation else { return }
        var pooling = pooling
        switch pooling.kind {
        case .max:
            // Zeros are never the largest of elements that are not below 0, and never missing.
            guard value == -.infinity || maps[input].isNonNegative else { return }
        case .average(let countsPadding):
            guard value == 0, countsPadding || pooling.edges.isEmpty else { return }
            pooling.kind = .average(countsPadding: true)
        }
        pooling.edges = pooling.edges + edges
        pooling.isSame = false
        guard pooling.edges.largest < pooling.kernel else { return }
        maps[node].operation = .pooling(pooling)
        skipInput(of: node)
    }

    /// Lets `node`, which has one input, read the input of that.
    private mutating func skipInput(of node: Int) {
        let skipped = maps[node].inputs[0]
        let input = maps[skipped].inputs[0]
        maps[node].inputs = [input]
        uses[skipped] -= 1
        if uses[skipped] > 0 { uses[input] += 1 }
    }
}

extension Normalization {
    /// `γ (x − mean) / √(variance + ε) + β`
    fileprivate func affine(_ memory: inout ConstantMemory) throws(ImportError) -> Affine {
        let (gamma, beta) = (try memory.reals(gamma), try memory.reals(beta))
        let (mean, variance) = (try memory.reals(mean), try memory.reals(variance))
        let scale = gamma.indices.map { gamma[$0] / (variance[$0] + epsilon).squareRoot() }
        return Affine(scale: scale, shift: scale.indices.map { beta[$0] - mean[$0] * scale[$0] })
    }
}
