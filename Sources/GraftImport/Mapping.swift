import GraftCheckpoint
import GraftNetwork

/// The weights of an architecture, taken from a foreign state dict by name and brought into the canonical layout.
struct Mapping {
    private(set) var weights = StateDict()
    private(set) var report: ImportReport
    /// The one that wrote the state dict, as far as its names tell.
    let framework: Parameter.Framework
    /// The source's names of the parameters that it had.
    private(set) var sourceNames: [String: String] = [:]
    /// Parameters that are missing or of another shape, by the number of their block.
    private(set) var faults: [(block: Int, parameter: Parameter)] = []

    /// Brings what fits; `wantsElements` says whether more is asked for than the report.
    ///
    /// - Throws: `badTensor` for weights that are no numbers.
    init(
        _ source: StateDict, onto architecture: Architecture, wantsElements: Bool = true
    ) throws(ImportError) {
        report = ImportReport(architecture: architecture.name)
        var used: Set<String> = []
        var found: [Parameter.Framework: Int] = [:]
        let prefix = source.prefix(before: architecture.parameters.lazy.flatMap(\.sources).map(\.name))
        for (block, parameter) in architecture.numberedParameters {
            guard let place = parameter.sources.first(where: { source[prefix + $0.name] != nil }) else {
                report.missing.append(parameter.name)
                faults.append((block, parameter))
                continue
            }
            let name = prefix + place.name
            used.insert(name)
            found[place.framework, default: 0] += 1
            let tensor = source[name]!
            let expected = parameter.shape(in: place.framework)
            guard tensor.shape == expected else {
                report.otherShape.append("\(name) is \(tensor.shape), expected \(expected)")
                faults.append((block, parameter))
                continue
            }
            report.matched.append(name)
            sourceNames[parameter.name] = name
            guard wantsElements else { continue }
            let elements = parameter.canonical(tensor.floats(), from: place.framework)
            // 0 times anything is 0, but for infinity and NaN.
            guard elements.reduce(0, { $0 + 0 * $1 }) == 0 else {
                throw .badTensor(name: name, detail: "holds infinity or NaN; the training that wrote it has diverged")
            }
            weights.add(StateTensor(shape: parameter.shape, floats: elements), as: parameter.name)
        }
        framework = found[.keras, default: 0] > found[.torch, default: 0] ? .keras : .torch
        for name in source.names where !used.contains(name) {
            let inner = name.hasPrefix(prefix) ? name.dropFirst(prefix.count) : name[...]
            if name.hasSuffix("num_batches_tracked") {
                report.ignored.append(name)
            } else if Classifier.isPart(inner) {
                report.unusedClassifier.append(name)
            } else {
                report.unexpected.append(name)
            }
        }
    }

    /// Lets what is missing in the blocks from `cut` on start fresh.
    ///
    /// - Throws: `incomplete` if anything is missing before.
    mutating func startFresh(from cut: Int, of architecture: Architecture) throws(ImportError) {
        let name = architecture.blocks[cut].name
        guard faults.allSatisfy({ $0.block >= cut }) else {
            throw .incomplete(
                report, hint: "only blocks from '\(name)' on may start fresh, never the trunk below them; see --cut")
        }
        for (_, parameter) in faults {
            weights.add(StateTensor(shape: parameter.shape, floats: parameter.freshElements()), as: parameter.name)
            report.fresh.append(parameter.name)
        }
        if !faults.isEmpty {
            report.notes.append(
                "\(report.fresh.count) weights from '\(name)' on are random until a job has tuned the top from there")
        }
    }

    /// Under which names the source held what was used.
    func names(in source: StateDict) -> SourceNames {
        var counters: [String: Int64] = [:]
        for name in report.ignored {
            // Counts of batches are small whole numbers, which 32-bit floats hold.
            if let tensor = source[name], tensor.count == 1, let count = Int64(exactly: tensor.floats()[0]) {
                counters[name] = count
            }
        }
        return SourceNames(
            layout: framework == .keras ? .keras : .torch, parameters: sourceNames, counters: counters,
            classifier: Classifier.name(among: report.unusedClassifier))
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
