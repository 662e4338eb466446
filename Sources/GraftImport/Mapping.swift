import GraftCheckpoint
import GraftNetwork

/// The weights of an architecture, taken from a foreign state dict by name and brought into the canonical layout.
struct Mapping {
    private(set) var weights = StateDict()
    private(set) var report: ImportReport

    /// What comes first in the names of a classifier's tensors: the `efficientnet_lite_pytorch` package's;
    /// torchvision's ResNets and most of timm; torchvision's VGG, MobileNet and EfficientNet and timm's; timm's transformers.
    private static let classifiers: Set<Substring> = ["_fc", "fc", "classifier", "head"]

    /// - Throws: `badTensor` for weights that are no numbers.
    init(_ source: StateDict, onto architecture: Architecture) throws(ImportError) {
        report = ImportReport(architecture: architecture.name)
        var used: Set<String> = []
        for parameter in architecture.parameters {
            guard let name = parameter.sourceNames.first(where: { source[$0] != nil }) else {
                report.missing.append(parameter.name)
                continue
            }
            used.insert(name)
            let tensor = source[name]!
            guard tensor.shape == parameter.sourceShape else {
                report.otherShape.append("\(name) is \(tensor.shape), expected \(parameter.sourceShape)")
                continue
            }
            let elements = parameter.canonical(tensor.floats())
            // 0 times anything is 0, but for infinity and NaN.
            guard elements.reduce(0, { $0 + 0 * $1 }) == 0 else {
                throw .badTensor(name: name, detail: "holds infinity or NaN; the training that wrote it has diverged")
            }
            weights.add(StateTensor(shape: parameter.shape, floats: elements), as: parameter.name)
            report.matched.append(name)
        }
        for name in source.names where !used.contains(name) {
            if name.hasSuffix("num_batches_tracked") {
                report.ignored.append(name)
            } else if Self.classifiers.contains(name.prefix { $0 != "." }) {
                report.unusedClassifier.append(name)
            } else {
                report.unexpected.append(name)
            }
        }
    }

    /// What is likely to have gone wrong, for a report that is not complete.
    var hint: String {
        if report.matched.isEmpty, report.otherShape.isEmpty {
            let names = report.unexpected.prefix(3).joined(separator: ", ")
            return names.isEmpty
                ? "the file holds no trunk, perhaps only a head"
                : "not one name matches (the file has \(names), …), so these are weights of another architecture"
        }
        if !report.otherShape.isEmpty {
            return "the names match and the sizes do not, so these are probably weights of a larger or smaller variant"
        }
        return report.unexpected.isEmpty
            ? "the file holds only part of the network; save the whole model.state_dict()"
            : "the file also has names that \(report.architecture) does not know, so it is probably another variant"
    }
}

extension Parameter {
    /// The shape in a foreign state dict.
    var sourceShape: [Int] {
        switch layout {
        case .convolution: [shape[0], shape[3], shape[1], shape[2]]
        case .vector: shape
        }
    }

    /// `elements` of ``sourceShape`` in the order of `shape`: filters `[O, I, kH, kW]` become `[O, kH, kW, I]`.
    func canonical(_ elements: [Float]) -> [Float] {
        guard layout == .convolution else { return elements }
        let (filters, places, channels) = (shape[0], shape[1] * shape[2], shape[3])
        // With one place or one channel both orders are the same: all but a network's first layers.
        guard places > 1, channels > 1 else { return elements }
        var canonical: [Float] = []
        canonical.reserveCapacity(elements.count)
        for filter in 0..<filters {
            for place in 0..<places {
                for channel in 0..<channels {
                    canonical.append(elements[(filter * channels + channel) * places + place])
                }
            }
        }
        return canonical
    }
}
