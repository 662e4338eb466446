import GraftCheckpoint
import GraftImport
import Testing

/// Graphs that are sound files, and no networks.
@Suite struct ONNXRefusalTests {
    private func refusal(_ graph: GraphBuilder) throws -> ImportError {
        try #require(#expect(throws: ImportError.self) { try graph.read() })
    }

    private func expectMalformed(_ graph: GraphBuilder, _ part: String) throws {
        let error = try refusal(graph)
        guard case .malformed(let detail) = error, detail.contains(part) else {
            Issue.record("\(error) does not say '\(part)'")
            return
        }
    }

    // MARK: - Graphs

    @Test func cycleIsRefused() throws {
        var graph = GraphBuilder()
        graph.node("Add", ["image", "b"], ["a"], name: "first")
        graph.node("Relu", ["a"], ["b"], name: "second")
        graph.convolution("b")
        try expectMalformed(graph, "cycle, at or before node 'first'")
        var loop = GraphBuilder()
        loop.node("Add", ["image", "y"], ["y"])
        try expectMalformed(loop, "cycle")
    }

    @Test func tensorDefinedTwiceIsRefused() throws {
        var graph = GraphBuilder()
        graph.convolution()
        graph.node("Relu", ["image"], ["y"])
        try expectMalformed(graph, "'y' is defined twice")
        var shadowed = GraphBuilder()
        shadowed.convolution()
        shadowed.node("Relu", ["image"], ["w.y"])
        try expectMalformed(shadowed, "'w.y' is defined twice")
    }

    @Test func tensorThatNothingDefinesIsNamed() throws {
        var graph = GraphBuilder()
        graph.node("Relu", ["lost"], ["y"], name: "relu")
        try expectMalformed(graph, "node 'relu' uses tensor 'lost', which nothing defines")
        var output = GraphBuilder()
        output.convolution("image", "z")
        try expectMalformed(output, "output 'y'")
    }

    @Test(arguments: [6, 29, 0])
    func otherVersionOfTheOperatorsIsSaid(version: Int64) throws {
        var graph = GraphBuilder()
        graph.convolution()
        graph.version = version
        #expect(try refusal(graph) == .unsupportedOperatorVersion(found: version, supported: 7...28))
    }

    @Test(arguments: [
        [1, 1, 8, 8], [1, 8, 8, 1], [1, 3, 8, 9], [3], [1, 3], [1, 3, 8, 8, 8], [1, 3, 5000, 5000], [1, -1, 8, 8],
    ])
    func otherInputIsSaid(shape: [Int64]) throws {
        var graph = GraphBuilder()
        graph.convolution()
        graph.inputs = [GraphBuilder.port("image", shape)]
        guard case .badInput("image", _, _) = try refusal(graph) else { throw try refusal(graph) }
    }

    @Test func twoImagesAreRefused() throws {
        var graph = GraphBuilder()
        graph.inputs.append(GraphBuilder.port("other", [1, 3, 8, 8]))
        graph.node("Add", ["image", "other"], ["y"])
        try expectMalformed(graph, "'image', 'other'")
    }

    @Test func unusedInputsAndNodesAreIgnored() throws {
        var graph = GraphBuilder()
        graph.convolution()
        graph.inputs.append(GraphBuilder.port("other", [7]))
        graph.node("NonMaxSuppression", ["other", "y"], ["dead"], domain: "somebody's")
        #expect(try graph.read().featureCount == 3)
    }

    @Test func classifierOfPixelsIsRefused() throws {
        var graph = GraphBuilder()
        graph.floats("w", [192, 2])
        graph.node("Flatten", ["image"], ["flat"])
        graph.node("Gemm", ["flat", "w"], ["y"])
        guard case .noBackbone = try refusal(graph) else { throw try refusal(graph) }
    }

    // MARK: - Operators

    @Test(arguments: [
        ("Resize", ""), ("LeakyRelu", ""), ("InstanceNormalization", ""), ("FusedConv", "com.microsoft"), ("", ""),
        ("If", ""), ("Softmax", ""), ("Erf", ""),
    ])
    func operatorThatIsNotSupportedIsNamedWithItsNode(operation: String, domain: String) throws {
        var graph = GraphBuilder()
        graph.convolution("image", "a")
        graph.node(operation, ["a"], ["b"], name: "culprit", domain: domain)
        graph.convolution("b")
        guard case .unsupportedOperator(let name, "culprit", _) = try refusal(graph) else { throw try refusal(graph) }
        #expect(name == (domain.isEmpty ? operation : "\(domain).\(operation)"))
    }

    @Test func operatorThatTheFileDefinesItselfIsSaid() throws {
        var graph = GraphBuilder()
        graph.functions = [Message(.text(1, "Swiglu"), .text(10, "mine"))]
        graph.convolution("image", "a")
        graph.node("Swiglu", ["a"], ["y"], domain: "mine")
        #expect("\(try refusal(graph))".contains("onnx.inliner"))
    }

    @Test(arguments: [
        ("Conv", ["strides": [1, 2]]), ("Conv", ["dilations": [1, 2]]), ("Conv", ["pads": [-1, 0, 0, 0]]),
        ("Conv", ["pads": [1 << 40, 0, 0, 0]]), ("Conv", ["strides": [0, 0]]), ("Conv", ["strides": [1]]),
        ("Conv", ["dilations": [1 << 62, 1 << 62]]), ("Conv", ["dilations": [100, 100]]),
        ("MaxPool", ["kernel_shape": [2, 3]]), ("MaxPool", ["kernel_shape": [2, 2], "dilations": [2, 2]]),
        ("MaxPool", ["kernel_shape": [2, 2], "pads": [2, 2, 2, 2]]), ("MaxPool", ["kernel_shape": [1 << 40, 1 << 40]]),
        ("AveragePool", ["kernel_shape": [3]]), ("AveragePool", ["kernel_shape": [0, 0]]),
        ("ReduceMean", ["axes": [1]]), ("ReduceMean", ["axes": [2]]), ("Pad", ["pads": [0, 1, 0, 0, 0, 0, 0, 0]]),
        ("Pad", ["pads": [0, 0, -1, 0, 0, 0, 0, 0]]), ("Transpose", ["perm": [0, 1, 3, 2]]),
    ])
    func useOfAnOperatorThatIsNotSupportedIsNamed(operation: String, attributes: [String: [Int64]]) throws {
        var graph = GraphBuilder()
        graph.convolution("image", "a")
        graph.floats("w", [3, 3, 3, 3])
        graph.node(
            operation, operation == "Conv" ? ["a", "w"] : ["a"], ["b"], name: "culprit",
            attributes.map { GraphBuilder.attribute($0, $1) })
        graph.convolution("b")
        let error = try refusal(graph)
        // A map whose sides are swapped is refused where it is used.
        guard case .unsupportedOperator(_, operation == "Transpose" ? "conv.y" : "culprit", _) = error else {
            throw error
        }
    }

    @Test(arguments: [
        ("Transpose", ["perm": [0, 1, 2]]), ("Transpose", ["perm": [0, 1, 1, 2]]), ("Squeeze", ["axes": [1]]),
        ("Squeeze", ["axes": [9]]), ("Unsqueeze", ["axes": [0, 0]]), ("Unsqueeze", ["axes": [1 << 62]]),
        ("Reshape", ["shape": [5, -1]]), ("Reshape", ["shape": [-1, -1]]), ("Reshape", ["shape": [1 << 62, 1 << 62]]),
        ("Reshape", ["shape": [0, 0, 0, 0, 0]]), ("Flatten", ["axis": [1]]), ("ReduceMean", ["axes": [2, 2]]),
    ])
    func malformedAttributeIsNamedWithItsNode(operation: String, attributes: [String: [Int64]]) throws {
        var graph = GraphBuilder()
        graph.node(operation, ["image"], ["a"], name: "culprit", attributes.map { GraphBuilder.attribute($0, $1) })
        graph.convolution("a")
        try expectMalformed(graph, "node 'culprit' (\(operation))")
    }

    // MARK: - Sizes

    /// Each would take gigabytes, and is refused before it does.
    @Test(arguments: ["ConstantOfShape", "Expand", "Tile", "Range", "Concat"])
    func gigabytesAreNotMade(operation: String) throws {
        var graph = GraphBuilder()
        graph.convolution("image", "a")
        graph.integers("shape", [1 << 15, 1 << 15, 1 << 5])
        graph.integers("one", [1])
        graph.integers("many", [1 << 35])
        graph.integers("zero", [0])
        switch operation {
        case "ConstantOfShape": graph.node(operation, ["shape"], ["big"])
        case "Expand": graph.node(operation, ["one", "shape"], ["big"])
        case "Tile": graph.node(operation, ["one", "many"], ["big"])
        case "Range": graph.node(operation, ["zero", "many", "one"], ["big"])
        default:
            // Twice as long forty times.
            graph.integers("part0", [1, 2, 3, 4])
            for i in 0..<40 {
                graph.node(operation, ["part\(i)", "part\(i)"], ["part\(i + 1)"], [GraphBuilder.attribute("axis", 0)])
            }
            graph.node("Identity", ["part40"], ["big"])
        }
        graph.node("Mul", ["a", "big"], ["y"])
        guard case .tooLarge = try refusal(graph) else { throw try refusal(graph) }
    }

    @Test(arguments: [(Float(-1e38), Float(1)), (1e38, 1), (1, 0), (1, .nan), (.infinity, 1)] as [(Float, Float)])
    func rangeWithoutAnEndIsRefused(end: Float, step: Float) {
        var graph = GraphBuilder()
        graph.convolution("image", "a")
        graph.floats("start", [], 0)
        graph.floats("end", [], end)
        graph.floats("step", [], step)
        graph.node("Range", ["start", "end", "step"], ["range"])
        graph.node("Mul", ["a", "range"], ["y"])
        #expect(throws: ImportError.self) { try graph.read() }
    }

    /// Twice as many channels forty times, and a window of which most is zeros that are not in the file.
    @Test func mapsAndWindowsHaveLimits() throws {
        var graph = GraphBuilder()
        graph.convolution("image", "part0")
        for i in 0..<40 {
            graph.node("Concat", ["part\(i)", "part\(i)"], ["part\(i + 1)"], [GraphBuilder.attribute("axis", 1)])
        }
        graph.node("Relu", ["part40"], ["y"])
        guard case .tooLarge = try refusal(graph) else { throw try refusal(graph) }

        var window = GraphBuilder()
        window.inputs = [GraphBuilder.port("image", [1, 3, 4096, 4096])]
        window.floats("w", [64, 3, 1, 4096])
        window.node("Conv", ["image", "w"], ["y"])
        guard case .tooLarge = try refusal(window) else { throw try refusal(window) }
    }

    /// One matrix in a thousand nodes does not become a thousand matrices.
    @Test func sharedWeightsAreNotCopiedWithoutMeasure() throws {
        var graph = GraphBuilder()
        graph.floats("w", [3, 3, 64, 64])
        var last = "image"
        for i in 0..<3000 {
            graph.node("Conv", [last, "w"], ["c\(i)"], [GraphBuilder.attribute("pads", [32, 32, 32, 32])])
            last = "c\(i)"
        }
        graph.node("Relu", [last], ["y"])
        let error = try refusal(graph)
        guard case .tooLarge = error else { throw error }
    }

    @Test func moreMapsSideBySideThanALayerTakesAreRefused() throws {
        var graph = GraphBuilder()
        graph.convolution("image", "a")
        graph.node("Concat", .init(repeating: "a", count: 5000), ["y"], [GraphBuilder.attribute("axis", 1)])
        guard case .unsupportedOperator("Concat", _, _) = try refusal(graph) else { throw try refusal(graph) }
    }

    /// A branch of nodes that are all called alike, which makes them one block; finding names takes no time that grows
    /// with their square, which would be minutes.
    @Test func nodesOfOneNameAreToldApart() throws {
        var graph = GraphBuilder()
        graph.convolution("image", "a")
        graph.node("Sigmoid", ["a"], ["0"])
        for i in 0..<9000 { graph.node("Sigmoid", ["\(i)"], ["\(i + 1)"]) }
        graph.node("Add", ["a", "9000"], ["y"])
        let network = try graph.read()
        let block = try #require(network.blocks.first { $0.nodes.count > 9000 })
        #expect(Set(block.nodes.map(\.name)).count == block.nodes.count)
        try expectRunnable(network)
    }

    @Test func moreLayersThanAFileHoldsAreRefused() throws {
        var graph = GraphBuilder()
        graph.convolution("image", "0")
        for i in 0..<100_000 { graph.node("Sigmoid", ["\(i)"], ["\(i + 1)"]) }
        graph.outputs = ["100000"]
        #expect(try refusal(graph) == .tooLarge(what: "layers", limit: 10_000))
    }

    /// Each of a thousand affine maps has a number for each of many channels once it is joined with the first.
    @Test func affineMapsInARowAreCounted() throws {
        var graph = GraphBuilder()
        let channels: Int64 = 1 << 17
        graph.floats("w", [channels, 3, 1, 1])
        let scales = GraphBuilder.tensor(
            "scales", [1, channels, 1, 1],
            raw: (0..<channels).flatMap { withUnsafeBytes(of: Float($0).bitPattern.littleEndian) { Array($0) } })
        graph.initializers.append(scales)
        graph.floats("half", [])
        graph.node("Conv", ["image", "w"], ["a"])
        graph.node("Mul", ["a", "scales"], ["0"])
        for i in 0..<1000 { graph.node(i % 2 == 0 ? "Add" : "Mul", ["\(i)", "half"], ["\(i + 1)"]) }
        graph.outputs = ["1000"]
        guard case .tooLarge = try refusal(graph) else { throw try refusal(graph) }
    }

    /// Neither the order of the nodes, nor their lowering, nor their chain recurses.
    @Test(arguments: ["Identity", "Relu", "Neg", "Transpose"])
    func hundredThousandNodesInARowAreRead(operation: String) throws {
        var graph = GraphBuilder()
        graph.convolution("image", "0")
        for i in 0..<100_000 { graph.node(operation, ["\(i)"], ["\(i + 1)"]) }
        graph.convolution("100000", "y")
        graph.nodes.reverse()
        #expect(try graph.read().featureCount == 3)
    }
}
