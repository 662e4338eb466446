import Foundation
import GraftCheckpoint
import GraftImage
import GraftNetwork
import GraftTensor
import TestBackbones
import TestSupport
import Testing

/// Networks whose blocks branch as they like, as those that came as graphs do.
@Suite struct GraphTests {
    private static func convolution(
        _ name: String, from input: Int, to output: Int, kernel: Int, stride: Int = 1, padding: Padding? = nil,
        groups: Int = 1, epsilon: Float? = nil, _ activation: Activation = .none
    ) -> Layer {
        .convolution(
            Convolution(
                name, from: input, to: output, kernel: kernel, stride: stride,
                padding: padding ?? .symmetric(kernel / 2), groups: groups, normalizationEpsilon: epsilon,
                activation: activation, sources: []))
    }

    /// Every kind of layer, and every kind of branch.
    static let blocks: [Block] = [
        // An affine map of the image, channel by channel, then zeros around it.
        Block(
            "entry",
            nodes: [
                .init(convolution("affine", from: 3, to: 3, kernel: 1, groups: 3), of: [0]),
                .init(.padding(.explicit(top: 0, left: 1, bottom: 2, right: 1)), of: [1]),
                .init(
                    convolution("conv", from: 3, to: 12, kernel: 3, stride: 2, padding: .symmetric(0), .hardSwish),
                    of: [2]),
            ]),
        // Squeeze and excitation between depthwise and projection (Hu et al. 2017, arXiv 1709.01507).
        Block(
            "excited",
            nodes: [
                .init(convolution("expand", from: 12, to: 20, kernel: 1, epsilon: 1e-3, .silu), of: [0]),
                .init(convolution("depthwise", from: 20, to: 20, kernel: 5, groups: 20, .relu6), of: [1]),
                .init(.globalAveragePooling, named: "squeeze", of: [2]),
                .init(convolution("reduce", from: 20, to: 5, kernel: 1, .relu), of: [3]),
                .init(convolution("excite", from: 5, to: 20, kernel: 1, .hardSigmoid), of: [4]),
                .init(.product, of: [2, 5]),
                .init(convolution("project", from: 20, to: 12, kernel: 1), of: [6], adding: 0),
            ]),
        // A dense block (Huang et al. 2016, arXiv 1608.06993), its output gated by itself.
        Block(
            "dense",
            nodes: [
                .init(convolution("a", from: 12, to: 7, kernel: 3, epsilon: 1e-5, .relu), of: [0]),
                .init(.concatenation, named: "first", of: [0, 1]),
                .init(convolution("b", from: 19, to: 4, kernel: 3, .gelu), of: [2]),
                .init(.concatenation, named: "second", of: [2, 3, 1]),
                .init(.activation(.sigmoid), of: [4]),
                .init(.product, of: [4, 5]),
            ]),
        // A residual block whose depthwise convolution adds, and one that adds nothing but maps.
        Block(
            "residual",
            nodes: [
                .init(convolution("depthwise", from: 30, to: 30, kernel: 3, groups: 30, .relu), of: [0], adding: 0),
                .init(.pooling(Pooling(.max, kernel: 3, stride: 1, padding: .symmetric(1))), of: [0]),
                .init(.sum(.relu6), of: [1, 2]),
                .init(.activation(.relu), of: [3]),
            ]),
        Block("pool", [.globalAveragePooling]),
    ]

    private static let architecture = Architecture(
        name: "graph", preprocessing: Architecture.resNet18.preprocessing.cropping(to: 19), featureCount: 30,
        blocks: blocks)

    @Test(arguments: InstructionSet.available, [1, 3])
    func featuresEqualPlainLoops(_ set: InstructionSet, _ threads: Int) async throws {
        let backbone = formulaBackbone(Self.architecture, set)
        let image = uniform("image", count: 19 * 19 * 3)
        let pool = ComputePool(threads: threads, queueLimit: 1)
        let found = try await pool.run { worker in
            backbone.features(
                of: Tensor(shape: backbone.inputShape, elements: image), in: backbone.makeWorkspaces(threads: threads),
                by: worker)
        }
        await pool.stop()
        let plain = PlainTop(
            blocks: Self.blocks, latent: MapShape(height: 19, width: 19, channels: 3), head: TopHead(labelCount: 1),
            elements: Dictionary(
                uniqueKeysWithValues: Self.architecture.parameters.map {
                    ($0.name, formulaElements($0).map(Double.init))
                }))
        let expected = plain.features(image.map(Double.init))
        // A dozen layers, each good to a few units in the last place, and GELU's 10^-7.
        for (f, e) in zip(found, expected) { #expect(abs(Double(f) - e) <= 5e-6 * max(1, abs(e))) }
        #expect(found.count == expected.count)
    }

    /// The trunk alone gives what enters the block after it.
    @Test func aNetworkCanBeCutAfterEveryBlock() {
        let image = uniform("image", count: 19 * 19 * 3)
        var values = image.map(Double.init)
        var shape = MapShape(height: 19, width: 19, channels: 3)
        for (b, block) in Self.blocks.enumerated() {
            let cut = formulaBackbone(Self.architecture.first(b + 1), InstructionSet.available.last!)
            let found = cut.features(
                of: Tensor(shape: cut.inputShape, elements: image), in: cut.makeWorkspaces())
            let plain = PlainTop(
                blocks: [block], latent: shape, head: TopHead(labelCount: 1),
                elements: Dictionary(
                    uniqueKeysWithValues: block.parameters.map { ($0.name, formulaElements($0).map(Double.init)) }))
            values = plain.features(values)
            shape = block.output(of: shape)
            #expect(found.count == shape.count)
            for (f, e) in zip(found, values) { #expect(abs(Double(f) - e) <= 5e-6 * max(1, abs(e))) }
        }
    }

    @Test func namesMeanBlocksOrStages() {
        #expect(Architecture.resNet18.blocks(named: "layer4") == 7..<9)
        #expect(Architecture.resNet18.blocks(named: "layer4.1") == 8..<9)
        #expect(Architecture.efficientNetLite0.blocks(named: "blocks.1") == 2..<3)
        #expect(Architecture.resNet18.blocks(named: "layer") == nil)
        #expect(Architecture.resNet18.blocks(named: "") == nil)
    }

    // MARK: - As text

    @Test(arguments: Architecture.all + [architecture])
    func descriptionsComeBackAsTheyWent(_ architecture: Architecture) throws {
        let json = NetworkDescription(blocks: architecture.blocks).json
        let read = try NetworkDescription(json: json)
        #expect(read.json == json)
        #expect(try read.featureCount(side: architecture.preprocessing.cropSide) == architecture.featureCount)
        #expect(read.blocks.flatMap(\.parameters).map(\.name) == architecture.parameters.map(\.name))
        #expect(read.blocks.flatMap(\.parameters).map(\.shape) == architecture.parameters.map(\.shape))
    }

    @Test(arguments: [
        "", "[", "{}", "[{\"name\":\"a\",\"nodes\":[]}]",
        #"[{"name":"a","nodes":[{"name":"x","kind":"mean","inputs":[1]}]}]"#,
        #"[{"name":"a","nodes":[{"name":"x","kind":"mean","inputs":[-1]}]}]"#,
        #"[{"name":"a","nodes":[{"name":"x","kind":"mean","inputs":[]}]}]"#,
        #"[{"name":"a","nodes":[{"name":"x","kind":"sum","inputs":[0]}]}]"#,
        #"[{"name":"a","nodes":[{"name":"x","kind":"mean","inputs":[0],"residual":0}]}]"#,
        #"[{"name":"a","nodes":[{"name":"x","kind":"attention","inputs":[0]}]}]"#,
        #"[{"name":"a","nodes":[{"name":"x","kind":"activation","activation":"tanh","inputs":[0]}]}]"#,
        #"[{"name":"a","nodes":[{"name":"x","kind":"padding","padding":[1,2],"inputs":[0]}]}]"#,
        #"[{"name":"a","nodes":[{"name":"x","kind":"padding","padding":[-1],"inputs":[0]}]}]"#,
        #"[{"name":"a","nodes":[{"name":"x","kind":"largest","kernel":2,"stride":0,"inputs":[0]}]}]"#,
        #"[{"name":"a","nodes":[{"name":"x","kind":"largest","kernel":2,"stride":1,"padding":[2],"inputs":[0]}]}]"#,
        #"[{"name":"a","nodes":[{"name":"x","kind":"convolution","from":3,"to":4,"kernel":1,"stride":1,"dilation":1,"groups":2,"inputs":[0]}]}]"#,
        #"[{"name":"a","nodes":[{"name":"x","kind":"convolution","from":3,"to":9000000000,"kernel":1,"stride":1,"dilation":1,"groups":1,"inputs":[0]}]}]"#,
        #"[{"name":"a","nodes":[{"name":"x","kind":"mean","inputs":[0]}]},{"name":"a","nodes":[{"name":"x","kind":"mean","inputs":[0]}]}]"#,
    ])
    func whatCannotRunIsRefused(_ json: String) {
        #expect(throws: NetworkDescriptionError.self) { try NetworkDescription(json: json) }
    }

    @Test(arguments: [
        // Other channels than the image's; a window larger than the image; a map for features; gigabytes of zeros.
        (#"{"name":"x","kind":"convolution","from":4,"to":4,"kernel":1,"stride":1,"dilation":1,"groups":1,"inputs":[0]}"#),
        #"{"name":"x","kind":"largest","kernel":9,"stride":1,"padding":[0],"inputs":[0]}"#,
        #"{"name":"x","kind":"activation","activation":"relu","inputs":[0]}"#,
        #"{"name":"y","kind":"padding","padding":[4096],"inputs":[0]},{"name":"z","kind":"padding","padding":[4096],"inputs":[1]},{"name":"x","kind":"mean","inputs":[2]}"#,
    ])
    func whatDoesNotFitTheImageIsRefused(_ nodes: String) throws {
        let network = try NetworkDescription(json: #"[{"name":"a","nodes":[\#(nodes)]}]"#)
        #expect(throws: NetworkDescriptionError.self) { try network.featureCount(side: 8) }
    }

    /// 2^100 channels, each layer twice as many as the one before.
    @Test func channelsThatDoubleWithoutEndAreRefused() throws {
        let nodes = (0..<100).map { #"{"name":"n\#($0)","kind":"concatenation","inputs":[\#($0),\#($0)]}"# }
        let network = try NetworkDescription(json: #"[{"name":"a","nodes":[\#(nodes.joined(separator: ","))]}]"#)
        #expect(throws: NetworkDescriptionError.self) { try network.featureCount(side: 8) }
    }

    /// Written by Python, as is its fingerprint; see the fixture's script.
    @Test func fileThatPythonWroteIsRead() throws {
        let file = try SafetensorsFile(path: Fixture.url("checkpoints/backbone.safetensors").path)
        try file.verifyFingerprint()
        #expect(
            try file.backboneMetadata().sourceNames
                == SourceNames(
                    layout: .torch, parameters: ["a.c.weight": "conv.weight"], counters: ["n": 3], classifier: "fc"))
        let backbone = try Backbone(file: file)
        let image = Tensor(shape: [1, 8, 8, 3], elements: [Float](repeating: 1, count: 8 * 8 * 3))
        // The sums of the filters, -3 - 2.75 - 2.5 and -2.25 - 2 - 1.75, are cut off at 0.
        #expect(backbone.features(of: image, in: backbone.makeWorkspaces()) == [0, 0])
        let negative = Tensor(shape: [1, 8, 8, 3], elements: [Float](repeating: -1, count: 8 * 8 * 3))
        #expect(backbone.features(of: negative, in: backbone.makeWorkspaces()) == [8.25, 6])
    }

    /// The weights are looked for before memory is taken for them.
    @Test func weightsThatAFileLacksAreNamed() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("backbone.safetensors").path
        let metadata = BackboneMetadata(
            architecture: "vgg19", preprocessing: Architecture.named("vgg19")!.preprocessingJSON, source: "",
            sourceSHA256: sha256(of: []), weights: [:])
        try SafetensorsWriter.write([:], metadata: metadata.entries, to: path)
        #expect(throws: BackboneError.checkpoint(.missingTensor(name: "features.0.conv.weight"))) {
            try Backbone(file: SafetensorsFile(path: path))
        }
    }

    @Test func aFileCarriesItsOwnNetwork() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("backbone.safetensors").path
        var weights = StateDict()
        for parameter in Self.architecture.parameters {
            weights.add(StateTensor(shape: parameter.shape, floats: formulaElements(parameter)), as: parameter.name)
        }
        func write(graph: String?) throws -> BackboneMetadata {
            let metadata = BackboneMetadata(
                architecture: "graph", graph: graph, preprocessing: Self.architecture.preprocessingJSON,
                source: "x.onnx", sourceSHA256: sha256(of: []), weights: weights)
            try SafetensorsWriter.write(weights, metadata: metadata.entries, to: path)
            return metadata
        }
        let graph = NetworkDescription(blocks: Self.blocks).json
        let metadata = try write(graph: graph)
        let file = try SafetensorsFile(path: path)
        try file.verifyFingerprint()
        #expect(try file.backboneMetadata() == metadata)
        let set = InstructionSet.available.last!
        let image = Tensor(shape: [1, 19, 19, 3], elements: uniform("image", count: 19 * 19 * 3))
        let (read, made) = (
            try Backbone(file: file, forcedInstructionSet: set.rawValue), formulaBackbone(Self.architecture, set)
        )
        #expect(
            read.features(of: image, in: read.makeWorkspaces()) == made.features(of: image, in: made.makeWorkspaces()))
        let trunk = try Backbone(file: file, blocks: 2, forcedInstructionSet: set.rawValue)
        #expect(trunk.featureCount == 10 * 10 * 12)

        let other = try write(graph: graph.replacing("silu", with: "relu"))
        #expect(other.fingerprint != metadata.fingerprint)
        let nameless = try write(graph: nil)
        #expect(nameless.fingerprint != metadata.fingerprint)
        #expect(throws: BackboneError.self) { try Backbone(file: SafetensorsFile(path: path)) }
    }
}
