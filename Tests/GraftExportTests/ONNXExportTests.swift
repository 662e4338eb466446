import Foundation
import GraftCheckpoint
import GraftExport
import GraftImage
import GraftLearning
import GraftNetwork
import GraftTensor
import TestSupport
import Testing

@Suite struct ONNXExportTests {
    private let folder: TemporaryFolder
    private var path: String { folder.file("exported.onnx").path }

    init() throws { folder = try TemporaryFolder() }

    private func read() throws -> PlainONNX { PlainONNX([UInt8](try Data(contentsOf: URL(filePath: path)))) }

    @Test(arguments: FeatureSpace.allCases, [false, true])
    func plainLoopsOverTheGraphGiveTheEnginesAnswer(space: FeatureSpace, isTuned: Bool) throws {
        let untuned = TestModel(TestNetwork.architecture, space: space)
        let model = isTuned ? untuned.tuned(from: 2) : untuned
        try ONNXExport(try model.exported(in: folder)).write(to: path)
        let file = try read()

        let side = TestNetwork.side
        let pixels = TestModel.numbers("image", count: side * side * 3).map { $0 * 2 }
        let backbone = try Backbone(
            architecture: TestNetwork.architecture, fingerprint: "", instructionSet: .chosen(forced: nil)
        ) { model.elements($0) }
        let features = backbone.features(
            of: Tensor(shape: [1, side, side, 3], elements: pixels), in: backbone.makeWorkspaces())
        let channelsFirst = (0..<3).flatMap { c in (0..<side * side).map { Double(pixels[$0 * 3 + c]) } }
        let image = PlainONNX.Tensor(shape: [1, 3, side, side], elements: channelsFirst)

        let found = file.run(image, output: "features").elements
        let largest = features.map(\.magnitude).max()!
        #expect(largest > 0.1, "the network should not be dead")
        #expect(features.contains { $0 < 0 }, "signs should matter")
        for (found, expected) in zip(found, features) {
            // A few dozen roundings of 32 bits in each of a dozen layers.
            #expect(abs(Float(found) - expected) < 1e-5 * largest)
        }
        let probabilities = file.run(image, output: "probabilities").elements
        for (found, expected) in zip(probabilities, model.versionHead.probabilities(of: ImageFeatures(features))) {
            #expect(abs(Float(found) - expected) < 1e-5)
        }
        #expect(probabilities.allSatisfy { $0 > 0.001 }, "the answer should be in doubt")
    }

    @Test func theGraphIsWellFormed() throws {
        let model = TestModel(.efficientNetLite0)
        try ONNXExport(try model.exported(in: folder)).write(to: path)
        let file = try read()
        #expect(file.inputs == ["image"] && file.outputs == ["probabilities"])
        #expect(file.operatorSet == 17)
        // Static single assignment: every name is given once, and before it is read.
        var known = Set(file.constants.keys).union(file.inputs)
        #expect(known.count == file.constants.count + 1)
        for node in file.nodes {
            #expect(node.inputs.allSatisfy(known.contains), "\(node.outputs)")
            #expect(node.outputs.allSatisfy { known.insert($0).inserted }, "\(node.outputs)")
        }
        for (name, tensor) in file.constants {
            #expect(tensor.elements.count == tensor.shape.reduce(1, *), "\(name)")
        }
        #expect(file.nodes.count { $0.operation == "Conv" } == 49)
        // 224 pixels, a window of 3 and a stride of 2: TensorFlow's one zero is at the end.
        #expect(file.nodes[0].integers["pads"] == [0, 0, 1, 1])
        let labels = try JSONDecoder().decode([String].self, from: Data(file.metadata["labels"]!.utf8))
        #expect(labels == TestModel.labels)
        #expect(file.metadata["preprocessing"] == Architecture.efficientNetLite0.preprocessingJSON)
    }

    @Test func namesThatMeetAreToldApart() throws {
        // A block and a layer can be called so that their names are those of other nodes.
        func convolution(_ name: String) -> Layer {
            .convolution(
                Convolution(
                    name, from: 3, to: 3, kernel: 1, padding: .symmetric(0), normalizationEpsilon: nil,
                    activation: .relu, sources: []))
        }
        let network = Architecture(
            name: "names", preprocessing: TestNetwork.architecture.preprocessing, featureCount: 3,
            blocks: [
                Block(
                    "a",
                    nodes: [
                        .init(convolution("b"), of: [0]),
                        .init(.activation(.none), named: "b.convolution", of: [1]),
                        .init(.activation(.relu), named: "b.weight_2", of: [2]),
                    ]),
                Block("features", nodes: [.init(.globalAveragePooling, named: "magnitude", of: [0])]),
            ])
        try ONNXExport(try TestModel(network).exported(in: folder)).write(to: path)
        let file = try read()
        let names = file.constants.keys + file.nodes.flatMap(\.outputs)
        #expect(Set(names).count == names.count)
        let image = PlainONNX.Tensor(
            shape: [1, 3, TestNetwork.side, TestNetwork.side],
            elements: TestModel.numbers("image", count: 3 * TestNetwork.side * TestNetwork.side).map(Double.init))
        #expect(abs(file.run(image, output: "probabilities").elements.reduce(0, +) - 1) < 1e-9)
    }

    @Test func moreThanProtocolBuffersHoldsIsRefused() throws {
        var graph = ONNXGraph(reserved: ["x", "y"])
        let name = graph.unused("big")
        let constant = ONNXGraph.Constant(name: name, shape: [1 << 15, 1 << 14], elements: .floats)
        graph.add(
            ONNXGraph.ConstantGroup(constants: [constant]) { () throws(CheckpointError) in
                preconditionFailure("refused before any element is made")
            })
        let value = ONNXFile.Value(name: "x", shape: [.open("N")])
        let error = #expect(throws: ExportError.self) {
            try ONNXFile(name: "big", graph: graph, input: value, output: value, metadata: [:]).write(to: path)
        }
        guard case .tooLarge(let byteCount, let limit) = error else {
            Issue.record("expected a file that is too large, found \(String(describing: error))")
            return
        }
        #expect(byteCount > limit && limit == Int(Int32.max))
        #expect(!FileManager.default.fileExists(atPath: path))
    }
}
