// The legacy layout, `.h5`: a group for each layer, whose attribute `weight_names` lists the paths of its arrays below it.
// The root's `layer_names` lists the layers in order. The group of a model within the model holds all its layers' arrays.

extension KerasNames {
    func legacyNames(_ datasets: [HDF5Dataset], root: String) -> [(name: String, dataset: HDF5Dataset)] {
        var places: [String: Place] = [:]
        for (l, layer) in strings("layer_names", at: root).enumerated() {
            let group = root.isEmpty ? layer : "\(root)/\(layer)"
            for (w, weight) in strings("weight_names", at: group).enumerated() {
                places["\(group)/\(weight)"] = Place(layer: l, weight: w, name: Self.legacyName(weight, in: layer))
            }
        }
        let named = datasets.enumerated().map { offset, dataset in
            // What no list names comes last, by its path.
            let place = places[dataset.path] ?? Place(layer: .max, weight: offset, name: dataset.path)
            return (place, dataset)
        }
        return named.sorted { $0.0 < $1.0 }.map { ($0.name, $1) }
    }

    /// Where an array comes in the order of the layers.
    private struct Place: Comparable {
        let layer: Int
        let weight: Int
        let name: String

        static func < (a: Place, b: Place) -> Bool { (a.layer, a.weight) < (b.layer, b.weight) }
    }

    /// `weight` as `weight_names` of the group `layer` has it, brought to the form `layer/role`:
    ///
    ///     block1_conv1/kernel:0 (Keras 2), block1_conv1/kernel (Keras 3.5)   block1_conv1/kernel
    ///     kernel (Keras 3.0) in block1_conv1                                 block1_conv1/kernel
    ///     block1_conv1_W_1:0 (Keras 1) in block1_conv1                       block1_conv1/kernel
    ///     model/block1_conv1/kernel (Keras 3) in block1_conv1                block1_conv1/kernel
    ///     block1_conv1_1/kernel:0 (TensorFlow 1) in block1_conv1             block1_conv1/kernel
    ///     block1_conv1/kernel:0 in vgg16, a model                            block1_conv1/kernel
    static func legacyName(_ weight: String, in layer: String) -> String {
        var weight = Substring(weight)
        if weight.hasSuffix(":0") { weight = weight.dropLast(2) }
        guard let slash = weight.lastIndex(of: "/") else {
            return "\(layer)/\(firstKerasRole(weight, in: layer) ?? String(weight))"
        }
        let (scope, role) = (weight[..<slash], weight[weight.index(after: slash)...])
        let isLayers = scope.hasSuffix("/" + layer) || withoutCounter(scope) == layer
        return "\(isLayers ? layer[...] : scope)/\(role)"
    }

    /// The role of Keras 1's `weight`, which begins with its layer's name, e.g. `bn2a_running_mean_1`.
    private static func firstKerasRole(_ weight: Substring, in layer: String) -> String? {
        guard weight.hasPrefix(layer + "_") else { return nil }
        return switch withoutCounter(weight.dropFirst(layer.count + 1)) {
        case "W": "kernel"
        case "b": "bias"
        case "gamma": "gamma"
        case "beta": "beta"
        case "running_mean": "moving_mean"
        // Misnamed: it held the variance.
        case "running_std": "moving_variance"
        default: nil
        }
    }
}
