import GraftCheckpoint
import GraftNetwork

/// A version as the state dict of a PyTorch module: a safetensors file under the names of the checkpoint that the backbone
/// came from, batch normalisation as it was, counters included, which `load_state_dict(strict=True)` takes.
///
/// The head's temperature is divided into its weights, so that a plain softmax of the outputs gives probabilities.
package struct TorchExport: Sendable {
    private let model: ExportedModel
    private let names: TorchNames

    package init(_ model: ExportedModel) {
        self.model = model
        names = TorchNames(model.architecture, source: model.backbone.sourceNames)
    }

    /// Writes the file, all or nothing, with no more than one tensor in memory.
    package func write(to path: String) throws(ExportError) {
        var parameters: [String: Parameter] = [:]
        var tensors: [SafetensorsLayout.Tensor] = []
        for parameter in model.architecture.parameters {
            let name = names[parameter]
            guard parameters.updateValue(parameter, forKey: name) == nil else { throw .sameName(name) }
            tensors.append(.init(name, shape: parameter.torchShape))
        }
        let counters = Dictionary(names.counters(model.architecture).map { ($0.name, $0.value) }) { first, _ in first }
        for name in counters.keys.sorted() { tensors.append(.init(name, elementType: .i64, shape: [])) }
        let head = head
        for name in head.names { tensors.append(.init(name, shape: head[name]!.shape)) }
        var taken: Set<String> = []
        for tensor in tensors where !taken.insert(tensor.name).inserted { throw .sameName(tensor.name) }

        try checkpoint { () throws(CheckpointError) in
            let layout = try SafetensorsLayout(tensors, metadata: metadata)
            try SafetensorsWriter.write(layout, to: path) { tensor throws(CheckpointError) in
                if let parameter = parameters[tensor.name] {
                    return StateTensor(
                        shape: tensor.shape, floats: parameter.torchElements(try model.elements(parameter))
                    ).bytes
                }
                if let count = counters[tensor.name] { return StateTensor(shape: [], integers: [count]).bytes }
                return head[tensor.name]!.bytes
            }
        }
    }

    /// The layers of the head, the last one's weights `[L, D]` and bias `[L]` divided by the temperature; the names of two
    /// are those of an `nn.Sequential` with ReLU between them.
    private var head: StateDict {
        let temperature = model.head.temperature
        func layer(_ name: String, _ weights: [Float], _ bias: [Float]) -> [(String, StateTensor)] {
            [
                ("\(name).weight", StateTensor(shape: [bias.count, weights.count / bias.count], floats: weights)),
                ("\(name).bias", StateTensor(shape: [bias.count], floats: bias)),
            ]
        }
        let name = names.classifier
        let tensors =
            switch model.head {
            case .linear(let head):
                layer(name, head.weights.map { $0 / temperature }, head.bias.map { $0 / temperature })
            case .mlp(let head):
                layer("\(name).0", head.hiddenWeights, head.hiddenBias)
                    + layer("\(name).2", head.weights.map { $0 / temperature }, head.bias.map { $0 / temperature })
            }
        return tensors.reduce(into: [:]) { $0.add($1.1, as: $1.0) }
    }

    private var metadata: [String: String] {
        // What libraries that read such files look for.
        model.descriptiveMetadata.merging(["format": "pt", "head": names.classifier]) { $1 }
    }

    // MARK: For people

    /// Where the tensors' names are from.
    package var origin: String {
        switch names.origin {
        case .source: "those of \(model.backbone.source)"
        case .architecture: "those of \(model.architecture.name) in PyTorch"
        case .canonical: "graftd's own, since the weights come from no PyTorch module"
        }
    }

    /// A few lines of Python that load the file.
    package func snippet(path: String) -> String {
        let count = model.labels.count
        let module = module(labelCount: count)
        var lines = ["import torch, safetensors.torch" + (module.imports.map { ", \($0)" } ?? "")]
        lines += module.lines
        let owner = names.classifier.split(separator: ".").dropLast().joined(separator: ".")
        let attribute = names.classifier.split(separator: ".").last.map(String.init) ?? names.classifier
        // Members whose names are numbers belong to an nn.Sequential.
        let place =
            "model" + (owner.isEmpty ? "" : ".\(owner)") + (Int(attribute) == nil ? ".\(attribute)" : "[\(attribute)]")
        if model.head.space == .roots {
            lines += [
                "class RootLinear(torch.nn.Linear):  # this head is over signed square roots of the features",
                "    def forward(self, x):",
                "        return super().forward(x.sign() * x.abs().sqrt().clamp(max=32767 / 2048))",
            ]
        }
        let first = model.head.space == .roots ? "RootLinear" : "torch.nn.Linear"
        switch model.head {
        case .linear(let head):
            if module.replacesHead || head.space == .roots {
                lines.append("\(place) = \(first)(\(head.featureCount), \(count))")
            }
        case .mlp(let head):
            lines.append(
                "\(place) = torch.nn.Sequential(\(first)(\(head.featureCount), \(head.hiddenCount)), torch.nn.ReLU(), "
                    + "torch.nn.Linear(\(head.hiddenCount), \(count)))")
        }
        let side = model.preprocessing.cropSide
        return
            (lines + [
                "model.load_state_dict(safetensors.torch.load_file(\(quoted(path))), strict=True)",
                "probabilities = model.eval()(image).softmax(1)  # image: [N, 3, \(side), \(side)]",
            ]).joined(separator: "\n")
    }

    /// How to make the module that the weights belong in.
    private func module(labelCount: Int) -> (imports: String?, lines: [String], replacesHead: Bool) {
        let architecture = model.architecture.name
        let first = model.architecture.parameters.first.map { names[$0] } ?? ""
        switch architecture {
        case _ where names.origin == .canonical:
            return (nil, ["model = ...  # a module with these weights and \(labelCount) outputs"], false)
        case _ where architecture.hasPrefix("vgg"):
            let lines = [
                "model = torchvision.models.\(architecture)(weights=None)",
                "model.avgpool = torch.nn.AdaptiveAvgPool2d(1)",
            ]
            return ("torchvision", lines, true)
        case _ where first.hasPrefix("_conv_stem"):
            let variant = architecture.replacing("_", with: "-")
            return (
                "efficientnet_lite_pytorch",
                [
                    "model = efficientnet_lite_pytorch.EfficientNet.from_name('\(variant)', num_classes=\(labelCount))"
                ], false
            )
        case _ where first.hasPrefix("conv_stem"):
            return (
                "timm", ["model = timm.create_model('tf_\(architecture)', num_classes=\(labelCount))"], false
            )
        case _ where architecture.hasPrefix("resnet") || architecture.hasPrefix("mobilenet"):
            return ("torchvision", ["model = torchvision.models.\(architecture)(num_classes=\(labelCount))"], false)
        default:
            return (nil, ["model = ...  # the module of \(architecture) with \(labelCount) outputs"], false)
        }
    }
}

/// `text` as a string of Python.
func quoted(_ text: String) -> String {
    "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
}
