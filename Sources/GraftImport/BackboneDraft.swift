import Foundation
import GraftCheckpoint
import GraftImage
import GraftNetwork

/// A backbone before it is written.
struct BackboneDraft {
    private(set) var architecture: Architecture
    /// The blocks as text, if the architecture is none that is known beforehand.
    let graph: String?
    let weights: StateDict
    let sourceNames: SourceNames
    var report: ImportReport

    /// From named tensors.
    init(
        weights file: MappedFile, _ options: ImportOptions, _ configurations: [ModelConfiguration]
    ) throws(ImportError) {
        let source = try readStateDict(file)
        let architecture = try Self.architecture(of: source, options, configurations)
        var mapping = try Mapping(source, onto: architecture)
        if options.isPartial {
            let cut = try options.cut.map { name throws(ImportError) in try architecture.block(named: name) }
            try mapping.startFresh(from: cut ?? architecture.defaultCut, of: architecture)
        }
        guard mapping.report.isComplete || options.isPartial else {
            throw .incomplete(mapping.report, hint: mapping.hint)
        }
        self.architecture = architecture.with(architecture.preprocessing(for: mapping.framework))
        graph = nil
        weights = mapping.weights
        sourceNames = mapping.names(in: source)
        report = mapping.report
    }

    private static func architecture(
        of source: StateDict, _ options: ImportOptions, _ configurations: [ModelConfiguration]
    ) throws(ImportError) -> Architecture {
        if let name = options.architecture { return Architecture.named(name)! }
        for case let name? in configurations.map(\.architecture) {
            if let architecture = Architecture.named(name) { return architecture }
        }
        return try Fit.architecture(of: source)
    }

    /// From a graph.
    init(
        graph file: MappedFile, folder: String, _ options: ImportOptions, _ configurations: [ModelConfiguration]
    ) throws(ImportError) {
        let side = options.preprocessing.side ?? configurations.compactMap(\.changes.side).last
        let network = try readONNX(file, folder: folder, side: side)
        let preprocessing = Preprocessing(
            resizeShorterSide: network.side * 8 / 7, cropSide: network.side, interpolation: .bilinear,
            channelOrder: .rgb, mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225])
        architecture = Architecture(
            name: "onnx", preprocessing: preprocessing, featureCount: network.featureCount, blocks: network.blocks)
        graph = NetworkDescription(blocks: network.blocks).json
        weights = network.weights
        sourceNames = SourceNames(layout: .onnx, parameters: network.sourceNames)
        report = ImportReport(architecture: "onnx")
        report.matched = network.weights.names.map { network.sourceNames[$0] ?? $0 }
        report.unusedClassifier = network.classifier
        report.notes = network.notes
    }

    /// Lets images be prepared in another way.
    mutating func prepare(_ changes: PreprocessingChanges) throws(ImportError) {
        architecture = architecture.with(try changes.applied(to: architecture.preprocessing))
    }

    /// Says what a graph does not: how its images are prepared, unless somebody did.
    mutating func tellPreprocessing(inferred: Preprocessing) {
        guard graph != nil, architecture.preprocessing.mean == inferred.mean,
            architecture.preprocessing.standardDeviation == inferred.standardDeviation
        else { return }
        report.notes.append(
            "the graph does not say how its images are prepared: taken as for torchvision's networks (mean "
                + "0.485,0.456,0.406, deviation 0.229,0.224,0.225); --mean and --std say otherwise")
    }

    /// - Throws: `badPreprocessing` for images that are too small for the network, or too large to run.
    func checkSide() throws(ImportError) {
        let side = architecture.preprocessing.cropSide
        do {
            _ = try NetworkDescription(blocks: architecture.blocks).featureCount(side: side)
        } catch {
            throw .badPreprocessing(detail: "images of \(side) x \(side) do not suit the network (\(error))")
        }
    }
}

extension Architecture {
    /// The number of the first block that `name` means.
    ///
    /// - Throws: `unknownBlock`.
    package func block(named name: String) throws(ImportError) -> Int { try blocks(called: name).lowerBound }

    /// The numbers of the blocks that `name` means.
    ///
    /// - Throws: `unknownBlock`.
    package func blocks(called name: String) throws(ImportError) -> Range<Int> {
        guard let found = blocks(named: name) else {
            throw .unknownBlock(name: name, architecture: self.name, known: blocks.map(\.name))
        }
        return found
    }
}
