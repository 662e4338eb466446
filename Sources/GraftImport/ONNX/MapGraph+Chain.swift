extension MapGraph {
    /// The nodes that `output` depends on, itself among them, in order.
    func leading(to output: Int) -> [Int] {
        var isWanted = [Bool](repeating: false, count: nodes.count)
        isWanted[output] = true
        var leading: [Int] = []
        for node in (0...output).reversed() where isWanted[node] {
            for input in nodes[node].inputs { isWanted[input] = true }
            leading.append(node)
        }
        return leading.reversed()
    }

    /// Those of `nodes` whose tensor every path from the image to the last of them crosses: where a network can be cut.
    ///
    /// A tensor is one when, in order, nothing made before it is still to be used.
    ///
    /// - Precondition: `nodes` are what ``leading(to:)`` gives, and all of them depend on the image.
    func crossings(of nodes: [Int]) -> [Int] {
        var uses = [Int](repeating: 0, count: self.nodes.count)
        for node in nodes { for input in self.nodes[node].inputs { uses[input] += 1 } }
        var open = 0
        var crossings: [Int] = []
        for node in nodes {
            for input in self.nodes[node].inputs {
                uses[input] -= 1
                if uses[input] == 0 { open -= 1 }
            }
            open += 1
            if open == 1 { crossings.append(node) }
        }
        return crossings
    }
}
