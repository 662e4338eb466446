extension Block {
    /// How many products of a weight and a value one image takes on its way through.
    ///
    /// - Precondition: the block can take `shape`.
    package func multiplyAdds(of shape: MapShape) -> Int {
        let shapes = self.shapes(of: shape)!
        return nodes.indices.reduce(0) { sum, n in
            guard case .convolution(let convolution) = nodes[n].layer else { return sum }
            return sum + shapes[n + 1].count * convolution.depth
        }
    }
}

/// How many products of a weight and a value one latent of `shape` takes on its way through `blocks`.
package func multiplyAdds(of blocks: [Block], latent shape: MapShape) -> Int {
    var shape = shape
    return blocks.reduce(0) { sum, block in
        defer { shape = block.output(of: shape) }
        return sum + block.multiplyAdds(of: shape)
    }
}
