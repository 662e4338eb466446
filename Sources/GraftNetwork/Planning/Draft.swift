import GraftTensor

/// The steps of a plan and their tensors, before they have places.
struct Draft {
    /// A layer, or several that are computed as one.
    struct Step {
        let layers: [Plan.LayerName]
        let operation: Plan.Operation
        let inputs: [Int]
        let residual: Int?
        let output: Int
    }

    private(set) var maps: [MapShape]
    private(set) var steps: [Step] = []
    private let instructionSet: InstructionSet

    /// - Precondition: every layer can take what it gets.
    init(_ blocks: [Block], input: MapShape, instructionSet: InstructionSet) {
        maps = [input]
        self.instructionSet = instructionSet
        let network = FlatNetwork(blocks, input: input)
        let fused = network.fusedBlocks(instructionSet)
        // Where the tensors of the network that exist in the plan are.
        var places = [0: 0]
        for (l, layer) in network.layers.enumerated() {
            guard !fused.inner.contains(l) else { continue }
            let operation: Plan.Operation
            var (names, inputs) = ([layer.name], layer.inputs)
            if let block = fused.outer[l] {
                operation = .invertedResidual(block.operation)
                (names, inputs) = (block.layers.map { network.layers[$0].name }, [block.input])
            } else {
                operation = self.operation(of: layer, on: network.maps[inputs[0]], to: network.maps[l + 1])
            }
            maps.append(network.maps[l + 1])
            places[l + 1] = maps.count - 1
            steps.append(
                Step(
                    layers: names, operation: operation, inputs: inputs.map { places[$0]! },
                    residual: layer.residual.map { places[$0]! }, output: maps.count - 1))
        }
    }

    /// How `layer` is computed.
    private func operation(of layer: FlatNetwork.Layer, on input: MapShape, to output: MapShape) -> Plan.Operation {
        if let elementwise = Plan.Elementwise(layer.layer) { return .elementwise(elementwise) }
        switch layer.layer {
        case .convolution(let convolution):
            // The depthwise kernel adds nothing to its sums.
            if convolution.hasDepthwiseKernel && layer.residual == nil { return .depthwise(convolution) }
            if convolution.isPixelwise { return .product(convolution) }
            if let tile = CostModel(instructionSet).winogradTile(for: convolution, from: input, to: output) {
                return .winograd(convolution, WinogradTiling(tile: tile, from: input, to: output))
            }
            return .convolution(convolution)
        case .pooling(let pooling): return .pool(pooling)
        default: return .mean
        }
    }
}

/// The layers of a network in one row, whatever blocks they are of.
struct FlatNetwork {
    /// A layer with its tensors: number 0 is the image, number n + 1 what layer n gives.
    struct Layer {
        let name: Plan.LayerName
        let layer: GraftNetwork.Layer
        let inputs: [Int]
        let residual: Int?

        var convolution: Convolution? {
            if case .convolution(let convolution) = layer { convolution } else { nil }
        }
    }

    private(set) var layers: [Layer] = []
    private(set) var maps: [MapShape]

    init(_ blocks: [Block], input: MapShape) {
        maps = [input]
        for block in blocks {
            let base = layers.count
            guard let shapes = block.shapes(of: maps[base]) else {
                preconditionFailure("\(block.name) cannot take \(maps[base])")
            }
            maps += shapes.dropFirst()
            layers += block.nodes.map { node in
                Layer(
                    name: Plan.LayerName(block: block.name, layer: node.name), layer: node.layer,
                    inputs: node.inputs.map { base + $0 }, residual: node.residual.map { base + $0 })
            }
        }
    }

    /// Layers that are computed as one.
    struct Fused {
        let layers: [Int]
        let input: Int
        let operation: InvertedResidual
    }

    /// The inverted residual blocks that are computed a few lines at a time, by their last layers, and the other layers in
    /// them.
    func fusedBlocks(_ instructionSet: InstructionSet) -> (outer: [Int: Fused], inner: Set<Int>) {
        var readers = [Int](repeating: 0, count: maps.count)
        for layer in layers { for read in layer.inputs + [layer.residual].compactMap(\.self) { readers[read] += 1 } }
        // The network's output is read by whoever asked.
        readers[maps.count - 1] += 1
        var (outer, inner): ([Int: Fused], Set<Int>) = ([:], [])
        for (p, layer) in layers.enumerated() {
            guard let project = layer.convolution, project.isPixelwise else { continue }
            let d = layer.inputs[0] - 1
            guard d >= 0, let depthwise = layers[d].convolution, depthwise.isDepthwise, layers[d].residual == nil,
                readers[d + 1] == 1
            else { continue }
            let e = layers[d].inputs[0] - 1
            var members = [d, p]
            if e >= 0, let expand = layers[e].convolution, expand.isPixelwise, layers[e].residual == nil,
                readers[e + 1] == 1, outer[e] == nil
            {
                members.insert(e, at: 0)
            }
            let input = layers[members[0]].inputs[0]
            guard
                let operation = InvertedResidual(
                    expand: members.count == 3 ? layers[e].convolution : nil, depthwise: depthwise, project: project,
                    on: maps[input])
            else { continue }
            outer[p] = Fused(layers: members, input: input, operation: operation)
            inner.formUnion(members.dropLast())
        }
        return (outer, inner)
    }
}
