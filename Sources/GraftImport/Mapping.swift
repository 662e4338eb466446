import GraftCheckpoint
import GraftNetwork

/// The weights of an architecture, taken from a foreign state dict by name and brought into the canonical layout.
struct Mapping {
    private(set) var weights = StateDict()
    private(set) var report: ImportReport
    /// The one that wrote the state dict, as far as its names tell.
    let framework: Parameter.Framework

    /// What comes first in the names of a classifier's tensors: the `efficientnet_lite_pytorch` package's;
    /// torchvision's ResNets and most of timm; torchvision's VGG, MobileNet and EfficientNet and timm's; timm's
    /// transformers; Keras', and what it calls a dense layer that was given no name.
    private static let classifiers: Set<Substring> = [
        "_fc", "fc", "classifier", "head", "fc1", "fc2", "predictions", "dense",
    ]

    /// - Throws: `badTensor` for weights that are no numbers.
    init(_ source: StateDict, onto architecture: Architecture) throws(ImportError) {
        report = ImportReport(architecture: architecture.name)
        var used: Set<String> = []
        var found: [Parameter.Framework: Int] = [:]
        let prefix = source.prefix(before: architecture.parameters.lazy.flatMap(\.sources).map(\.name))
        for parameter in architecture.parameters {
            guard let place = parameter.sources.first(where: { source[prefix + $0.name] != nil }) else {
                report.missing.append(parameter.name)
                continue
            }
            let name = prefix + place.name
            used.insert(name)
            found[place.framework, default: 0] += 1
            let tensor = source[name]!
            let expected = parameter.shape(in: place.framework)
            guard tensor.shape == expected else {
                report.otherShape.append("\(name) is \(tensor.shape), expected \(expected)")
                continue
            }
            let elements = parameter.canonical(tensor.floats(), from: place.framework)
            // 0 times anything is 0, but for infinity and NaN.
            guard elements.reduce(0, { $0 + 0 * $1 }) == 0 else {
                throw .badTensor(name: name, detail: "holds infinity or NaN; the training that wrote it has diverged")
            }
            weights.add(StateTensor(shape: parameter.shape, floats: elements), as: parameter.name)
            report.matched.append(name)
        }
        framework = found[.keras, default: 0] > found[.torch, default: 0] ? .keras : .torch
        for name in source.names where !used.contains(name) {
            let inner = name.hasPrefix(prefix) ? name.dropFirst(prefix.count) : name[...]
            if name.hasSuffix("num_batches_tracked") {
                report.ignored.append(name)
            } else if Self.classifiers.contains(withoutCounter(inner.prefix { $0 != "." && $0 != "/" })) {
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
