import GraftCheckpoint
import GraftNetwork

/// What PyTorch calls the tensors of a model.
struct TorchNames: Sendable {
    /// Where the names are from.
    package enum Origin: Sendable {
        /// The checkpoint that the backbone was imported from.
        case source
        /// The architecture's own, as the first framework that has it calls them: the source was no PyTorch checkpoint, or
        /// was imported before names were kept.
        case architecture
        /// graftd's: no PyTorch module with these weights is known.
        case canonical
    }

    let origin: Origin
    /// What comes before `.weight` and `.bias` in the head's names.
    let classifier: String
    private let parameters: [String: String]
    /// Which of an architecture's families of PyTorch names the source's are, counted from 0.
    private let family: Int
    private let known: [String: Int64]

    init(_ architecture: Architecture, source: SourceNames?) {
        let all = architecture.parameters
        if let source, source.layout == .torch {
            origin = .source
            parameters = source.parameters
            known = source.counters
        } else if all.allSatisfy({ !$0.torchNames.isEmpty }) {
            origin = .architecture
            parameters = [:]
            known = [:]
        } else {
            origin = .canonical
            parameters = [:]
            known = [:]
        }
        family =
            (0..<(all.map(\.torchNames.count).max() ?? 0)).first { family in
                all.contains { parameter in
                    parameter.torchNames.indices.contains(family)
                        && parameter.torchNames[family] == source?.parameters[parameter.name]
                }
            } ?? 0
        classifier = Self.classifier(
            architecture.name, family: family, source: origin == .source ? source?.classifier : nil)
    }

    /// The name of `parameter`.
    subscript(parameter: Parameter) -> String {
        switch origin {
        case .source: parameters[parameter.name] ?? architectureName(parameter)
        case .architecture: architectureName(parameter)
        case .canonical: parameter.name
        }
    }

    private func architectureName(_ parameter: Parameter) -> String {
        let names = parameter.torchNames
        return names.indices.contains(family) ? names[family] : names.first ?? parameter.name
    }

    /// How many batches each normalisation has seen, which `load_state_dict` asks for and nothing reads: 0 where unknown.
    func counters(_ architecture: Architecture) -> [(name: String, value: Int64)] {
        let suffix = ".running_var"
        var counters: [(name: String, value: Int64)] = []
        for parameter in architecture.parameters {
            let name = self[parameter]
            guard name.hasSuffix(suffix) else { continue }
            let counter = name.dropLast(suffix.count) + ".num_batches_tracked"
            counters.append((String(counter), known[String(counter)] ?? 0))
        }
        return counters
    }

    private static func classifier(_ architecture: String, family: Int, source: String?) -> String {
        // VGG's classifier has three layers on 7 × 7 places; ours is one on their mean, so the name is that of all three.
        if architecture.hasPrefix("vgg") { return "classifier" }
        if let source { return source }
        if architecture.hasPrefix("resnet") { return "fc" }
        if architecture.hasPrefix("efficientnet_lite") { return family == 0 ? "_fc" : "classifier" }
        if architecture.hasPrefix("mobilenet") { return "classifier.1" }
        return "head"
    }
}

extension Parameter {
    /// What the PyTorch modules that have it call it.
    var torchNames: [String] { sources.filter { $0.framework == .torch }.map(\.name) }

    /// The shape in a PyTorch state dict.
    var torchShape: [Int] {
        switch layout {
        case .convolution, .depthwise: [shape[0], shape[3], shape[1], shape[2]]
        case .vector: shape
        }
    }

    /// `elements` of `shape` in the order of ``torchShape``: filters `[O, kH, kW, I]` become `[O, I, kH, kW]`.
    func torchElements(_ elements: [Float]) -> [Float] {
        guard layout == .convolution else { return elements }  // One channel each is in either order.
        return channelsFirst(elements, filters: shape[0], places: shape[1] * shape[2], channels: shape[3])
    }
}

/// `[filters, places, channels]` as `[filters, channels, places]`.
func channelsFirst(_ elements: [Float], filters: Int, places: Int, channels: Int) -> [Float] {
    precondition(elements.count == filters * places * channels)
    guard places > 1, channels > 1 else { return elements }
    var result: [Float] = []
    result.reserveCapacity(elements.count)
    for filter in 0..<filters {
        for channel in 0..<channels {
            for place in 0..<places { result.append(elements[(filter * places + place) * channels + channel]) }
        }
    }
    return result
}
