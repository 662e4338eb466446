/// A named part of the chain that a network is, with one tensor between neighbours; the network can be cut between any
/// two blocks.
package struct Block: Sendable {
    /// A layer and the tensors that it takes: number 0 is the block's input, number n + 1 what node n gives.
    package struct Node: Sendable {
        /// Unique in the block; of a convolution, its own.
        package let name: String
        package let layer: Layer
        package let inputs: [Int]
        /// What a convolution adds to its sums before its activation.
        package let residual: Int?

        package init(_ layer: Layer, named name: String? = nil, of inputs: [Int], adding residual: Int? = nil) {
            if case .convolution(let convolution) = layer {
                precondition(name == nil || name == convolution.name, "a convolution has its own name")
            }
            self.name = name ?? layer.defaultName
            self.layer = layer
            self.inputs = inputs
            self.residual = residual
        }
    }

    /// What is added to the output of the last of a chain of layers, before that layer's activation.
    package enum Shortcut: Sendable {
        case none
        /// The block's input.
        case identity
        /// The block's input after a convolution, which brings it to the output's shape.
        case projection(Convolution)
    }

    package let name: String
    /// In an order in which they can run; the last gives the block's output.
    package let nodes: [Node]

    /// - Precondition: every node takes what comes before it, and only convolutions add.
    package init(_ name: String, nodes: [Node]) {
        precondition(Self.isOrdered(nodes), "\(name) is in no order in which it can run")
        self.name = name
        self.nodes = nodes
    }

    /// A chain of layers and a shortcut.
    ///
    /// - Precondition: with a shortcut, the last layer is a convolution.
    package init(_ name: String, _ layers: [Layer], shortcut: Shortcut = .none) {
        var nodes: [Node] = []
        var residual: Int?
        switch shortcut {
        case .none: break
        case .identity: residual = 0
        case .projection(let convolution):
            nodes.append(Node(.convolution(convolution), of: [0]))
            residual = 1
        }
        for (l, layer) in layers.enumerated() {
            let isLast = l == layers.count - 1
            nodes.append(Node(layer, of: [l == 0 ? 0 : nodes.count], adding: isLast ? residual : nil))
        }
        self.init(name, nodes: nodes)
    }

    /// Whether `nodes` can run in their order.
    static func isOrdered(_ nodes: [Node]) -> Bool {
        guard !nodes.isEmpty else { return false }
        return nodes.enumerated().allSatisfy { n, node in
            let isConvolution = if case .convolution = node.layer { true } else { false }
            return node.layer.inputCounts.contains(node.inputs.count)
                && node.inputs.allSatisfy { (0...n).contains($0) }
                && (node.residual.map { isConvolution && (0...n).contains($0) } ?? true)
        }
    }

    /// Those of the nodes in order.
    package var parameters: [Parameter] { nodes.flatMap { $0.layer.parameters(in: name) } }

    /// The shapes of every tensor, the input's first; nil if a layer cannot take what it gets.
    package func shapes(of input: MapShape) -> [MapShape]? {
        var shapes = [input]
        for node in nodes {
            guard let shape = node.layer.output(of: node.inputs.map { shapes[$0] }),
                node.residual.map({ shapes[$0] == shape }) ?? true
            else { return nil }
            shapes.append(shape)
        }
        return shapes
    }

    /// The shape that comes out.
    ///
    /// - Precondition: every layer can take what it gets.
    package func output(of input: MapShape) -> MapShape {
        guard let shapes = shapes(of: input) else { preconditionFailure("\(name) cannot take \(input)") }
        return shapes.last!
    }

    /// The block as a chain of layers and a shortcut; nil if it branches in another way.
    package var chain: (layers: [Layer], shortcut: Shortcut)? {
        var nodes = nodes[...]
        var shortcut = Shortcut.none
        if let residual = nodes.last!.residual {
            if residual == 0 {
                shortcut = .identity
            } else if residual == 1, case .convolution(let projection) = nodes.first!.layer, nodes.count > 1 {
                guard nodes.first!.residual == nil else { return nil }
                shortcut = .projection(projection)
                nodes = nodes.dropFirst()
            } else {
                return nil
            }
        }
        let isChain = nodes.indices.allSatisfy { n in
            nodes[n].inputs == [n == nodes.startIndex ? 0 : n]
                && (n == nodes.endIndex - 1 || nodes[n].residual == nil)
        }
        return isChain ? (nodes.map(\.layer), shortcut) : nil
    }

    /// Whether ``TrainableTop`` can train it.
    package var isTrainable: Bool {
        chain?.layers.allSatisfy { layer in
            switch layer {
            case .convolution, .pooling, .globalAveragePooling: true
            case .sum, .product, .concatenation, .activation, .padding: false
            }
        } ?? false
    }
}
