import GraftNetwork

extension MapGraph {
    /// Where a network ends and its classifier begins.
    struct Cut {
        /// The last node that is kept.
        let last: Int
        /// The ONNX nodes behind it.
        let classifier: [String]
    }

    /// Finds the classifier of the network that ends at `output`.
    ///
    /// It begins behind the last map of more than one pixel: with the first product with a matrix, with a map that is
    /// flattened, or with Softmax; or it is a last convolution of one pixel without an activation.
    ///
    /// - Throws: The error of an operator before it that is not supported; `noBackbone`.
    func cut(before output: Int) throws(ImportError) -> Cut {
        let nodes = leading(to: output)
        let chain = crossings(of: nodes)
        // Part j leads from the chain's tensor j - 1 to its tensor j.
        var parts: [[Int]] = []
        var rest = nodes[...]
        for node in chain {
            let end = rest.firstIndex(of: node)! + 1
            parts.append(Array(rest[..<end]))
            rest = rest[end...]
        }
        let opaque = parts.firstIndex { $0.contains(where: isOpaque) } ?? parts.count
        guard let image = chain[..<opaque].lastIndex(where: { self.nodes[$0].shape.pixels > 1 }) else {
            throw .noBackbone(detail: "its input is a single pixel")
        }
        let matrix = parts[(image + 1)...].firstIndex { $0.contains(where: isFullyConnected) } ?? parts.count

        var last = chain[min(opaque, matrix) - 1]
        if opaque < min(matrix, parts.count), let node = parts[opaque].first(where: isOpaque) {
            try checkBeginsClassifier(node, after: last, of: nodes)
        }
        if matrix >= min(opaque, parts.count), let input = classifyingInput(of: last) { last = input }
        guard last != 0 else { throw .noBackbone(detail: "its classifier reads the image itself") }
        var labels: [String] = []
        for node in nodes where node > last && labels.last != self.nodes[node].label {
            labels.append(self.nodes[node].label)
        }
        return Cut(last: last, classifier: labels)
    }

    private func isOpaque(_ node: Int) -> Bool {
        if case .opaque = nodes[node].operation { true } else { false }
    }

    private func isFullyConnected(_ node: Int) -> Bool {
        if case .convolution(let convolution) = nodes[node].operation { convolution.isFullyConnected } else { false }
    }

    /// Checks that a classifier begins with `node`: it reads what is kept, and no convolution comes behind it.
    private func checkBeginsClassifier(_ node: Int, after last: Int, of nodes: [Int]) throws(ImportError) {
        guard case .opaque(let opaque) = self.nodes[node].operation else { preconditionFailure("not opaque") }
        let convolutions = nodes.contains { $0 > last && self.nodes[$0].operatorName == "Conv" }
        guard opaque.beginsClassifier, self.nodes[node].inputs[0] == last, !convolutions else { throw opaque.error }
    }

    /// The pixel that the last node classifies by a convolution, with its bias, and no activation.
    private func classifyingInput(of last: Int) -> Int? {
        var node = last
        while case .affine = nodes[node].operation { node = nodes[node].inputs[0] }
        guard case .convolution = nodes[node].operation else { return nil }
        let input = nodes[node].inputs[0]
        return nodes[input].shape.pixels == 1 ? input : nil
    }
}
