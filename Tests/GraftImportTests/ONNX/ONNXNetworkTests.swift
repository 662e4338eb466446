import Foundation
import GraftCheckpoint
import GraftImport
import GraftNetwork
import TestSupport
import Testing

@Suite struct ONNXNetworkTests {
    @Test func everyFixtureIsRecorded() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Fixture.url("onnx").path)
            .filter { $0.hasSuffix(".onnx") }.map { String($0.dropLast(5)) }
        #expect(Set(files) == Set(try RecordedFeatures.read().keys).union(["reversed"]))
    }

    @Test(arguments: try RecordedFeatures.read().keys.sorted())
    func featuresEqualONNXRuntimes(name: String) throws {
        let recorded = try #require(try RecordedFeatures.read()[name])
        let network = try readFixture(name, side: recorded.side)
        #expect(network.featureCount == recorded.features.count)
        expectEqual(try network.features(of: recordedImage(side: recorded.side)), recorded.features, name)
    }

    @Test(arguments: try RecordedFeatures.read().keys.sorted())
    func everyWeightBelongsToAParameter(name: String) throws {
        let network = try readFixture(name, side: try #require(try RecordedFeatures.read()[name]).side)
        let parameters = network.architecture.parameters
        #expect(Set(parameters.map(\.name)) == Set(network.weights.names))
        #expect(parameters.count == network.weights.count)
        #expect(Set(network.sourceNames.keys).isSubset(of: network.weights.names))
        try expectRunnable(network)
    }

    // MARK: - Blocks

    @Test func blocksAreNamedByTheTensorsThatEveryPathCrosses() throws {
        let network = try readFixture("basic.torchscript17")
        #expect(
            network.blocks.map(\.name) == [
                "/features/features.0/features.0.2/Relu_output_0", "/features/features.1/MaxPool_output_0",
                "/features/features.2/activation/Relu_output_0", "/features/features.3/activation/Relu_output_0",
                "/GlobalAveragePool_output_0",
            ])
        #expect(network.classifier == ["/fc/Gemm"])
        #expect(network.notes == [])
    }

    /// Three convolutions, of which the last of the longer branch adds what the shorter one gives.
    @Test(arguments: ["basic.torchscript17", "basic.dynamo18"])
    func residualIsPartOfTheLongerBranchsLastConvolution(name: String) throws {
        let block = try readFixture(name).blocks[3]
        let convolutions = block.nodes.compactMap { node -> (Convolution, Block.Node)? in
            if case .convolution(let convolution) = node.layer { (convolution, node) } else { nil }
        }
        #expect(block.nodes.count == 3)
        #expect(convolutions.count == 3)
        let (last, node) = try #require(convolutions.last)
        #expect(last.kernel == 3)
        #expect(last.activation == .relu)
        let residual = try #require(node.residual)
        #expect(convolutions[residual - 1].0.kernel == 1)
        #expect(convolutions[residual - 1].0.activation == .none)
    }

    @Test func mobileNetIsAChainOfConvolutionsOnly() throws {
        for name in ["mobilenet_v2.torchscript11", "mobilenet_v2.dynamo18", "lite.torchscript17", "lite.dynamo18"] {
            for block in try readFixture(name).blocks.dropLast() {
                for node in block.nodes {
                    guard case .convolution = node.layer else {
                        Issue.record("\(name): \(block.name) has \(node.layer)")
                        continue
                    }
                }
            }
        }
    }

    @Test func transposesPadsAndCastsLeaveNoLayer() throws {
        for (name, count) in [("resnet", 7), ("mobilenet", 12)] {
            for form in ["tf2onnx", "raw"] {
                let nodes = try readFixture("\(name).\(form)").blocks.flatMap(\.nodes)
                for node in nodes {
                    if case .padding = node.layer { Issue.record("\(name).\(form) pads in a layer") }
                }
                #expect(nodes.count == count, "\(name).\(form): \(nodes.map(\.name))")
            }
        }
    }

    /// Zeros before a maximum of negative elements cannot be merged, nor those before an average that does not count
    /// its own.
    @Test func paddingThatCountsStaysALayer() throws {
        let paddings = try readFixture("padding").blocks.flatMap(\.nodes).filter {
            if case .padding = $0.layer { true } else { false }
        }
        #expect(paddings.count == 3)
    }

    @Test func normalizationBehindAConvolutionKeepsItsParameters() throws {
        let network = try readFixture("normalization")
        let block = try #require(network.blocks.first)
        guard case .convolution(let convolution) = block.nodes[0].layer else { throw CancellationError() }
        #expect(convolution.normalizationEpsilon == 1e-3)
        #expect(!convolution.hasBias)
        let prefix = "\(block.name).\(convolution.name)"
        for part in ["gamma", "beta", "mean", "variance"] {
            #expect(network.sourceNames["\(prefix).\(part)"] == "bn1.\(part)")
        }
        #expect(network.sourceNames["\(prefix).weight"] == "parameter_0")
    }

    // MARK: - Classifier and input

    @Test(arguments: [
        ("vgg.torchscript17", ["/Flatten", "/classifier/classifier.0/Gemm"], "pool"),
        ("mobilenet_v3.torchscript17", ["/classifier/classifier.0/Gemm"], "/head/head.2/HardSwish_output_0"),
        ("ends_in_convolution", ["node_3", "node_6"], "globalaveragepool_2"),
        ("ends_in_map", [], "pool"),
        ("ends_in_vector", [], "relu_4"),
    ])
    func classifierIsCutOff(name: String, first: [String], last: String) throws {
        let network = try readFixture(name)
        #expect(Array(network.classifier.prefix(first.count)) == first)
        #expect(network.classifier.isEmpty == first.isEmpty)
        #expect(network.blocks.last?.name == last)
        #expect(network.notes.contains { $0.contains("no classifier") } == first.isEmpty)
    }

    @Test func graphThatScalesItsImageSaysSo() throws {
        #expect(try readFixture("input_affine").notes.count == 1)
        #expect(try readFixture("mobilenet.tf2onnx").notes.count == 1)
    }

    @Test func sizeIsAskedForWhereTheGraphHasNone() throws {
        let error = #expect(throws: ImportError.self) { try readFixture("dynamic") }
        #expect(
            error
                == .badInput(name: "image", shape: "[N, 3, side, side]", expected: "a fixed size, which --size gives"))
        #expect(try readFixture("dynamic", side: 24).side == 24)
    }

    @Test func graphRunsAtAnotherSizeThanItsOwn() throws {
        let network = try readFixture("mobilenet_v2.dynamo18", side: 48)
        #expect(network.side == 48)
        #expect(try network.features(of: recordedImage(side: 48)).count == 24)
    }

    @Test func nodesMayBeInAnyOrder() throws {
        let (network, reversed) = (try readFixture("types"), try readFixture("reversed"))
        #expect(reversed.weights == network.weights)
        #expect(reversed.blocks.map(\.name) == network.blocks.map(\.name))
    }

    // MARK: - Description

    @Test func descriptionTellsWhatIsInTheFile() throws {
        let description = try describeONNX(try fixture("basic.torchscript11"))
        #expect(description.producer.hasPrefix("pytorch 2."))
        #expect(description.operatorSets == ["ai.onnx": 11])
        #expect(description.inputs.map(\.name) == ["image"])
        #expect(description.inputs.map(\.shape) == ["[batch, 3, 32, 32]"])
        #expect(description.outputs.count == 1)
        #expect(description.operators.first?.name == "Conv")
        #expect(description.operators.first?.count == 6)
        #expect(description.initializers.count == 14)
        #expect(description.initializers.contains { $0.name == "fc.weight" && $0.shape == [5, 16] })
        #expect(isONNX(try fixture("basic.torchscript11")))
        #expect(!isONNX(MappedFile(bytes: try Fixture.bytes("checkpoints/types.zip.pth"))))
    }

    @Test func descriptionNamesFilesOfExternalData() throws {
        let description = try describeONNX(try fixture("external"))
        #expect(Set(description.initializers.compactMap(\.file)) == ["external.weights"])
    }
}
