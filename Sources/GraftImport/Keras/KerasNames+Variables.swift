// The layout of `.weights.h5`: for each layer a group named for its class and a counter from 0, e.g. `layers/conv2d_3`,
// and in it `vars` with the layer's arrays, `0`, `1` and so on. From Keras 3.6 on an attribute of `vars` holds the layer's
// name. A model within the model has `layers` of its own.

extension KerasNames {
    func variableNames(_ datasets: [HDF5Dataset]) -> [(name: String, dataset: HDF5Dataset)] {
        var owners: [(components: [Substring], variables: [(index: Int, dataset: HDF5Dataset)])] = []
        var places: [[Substring]: Int] = [:]
        for dataset in datasets {
            let components = dataset.path.split(separator: "/")
            guard components.count >= 2, components[components.count - 2] == "vars", let index = Int(components.last!)
            else { continue }
            let owner = Array(components.dropLast(2))
            let place = places[owner, default: owners.count]
            if place == owners.count {
                places[owner] = place
                owners.append((owner, []))
            }
            owners[place].variables.append((index, dataset))
        }
        // Two models within the model may have layers of the same name, which the models' names then tell apart.
        let names = owners.map { layerName($0.components) }
        let isUnique = Dictionary(grouping: names, by: { $0 }).mapValues { $0.count == 1 }
        return zip(owners, names).flatMap { owner, name in
            let variables = owner.variables.sorted { $0.index < $1.index }.map(\.dataset)
            let prefix = isUnique[name]! ? name : owner.components.joined(separator: "/")
            let roles = Self.roles(variables, class: owner.components.last.map(withoutCounter) ?? "")
            return zip(roles, variables).map { ("\(prefix)/\($0)", $1) }
        }
    }

    /// The name of the layer whose group is at `components`, without the models around it.
    private func layerName(_ components: [Substring]) -> String {
        // The second is what Keras 2.12 writes.
        let inner = components.lastIndex { $0 == "layers" || $0 == "_layer_checkpoint_dependencies" }
        let own = components[(inner.map { $0 + 1 } ?? 0)...]
        let group = own.joined(separator: "/")
        let vars = (components + ["vars"]).joined(separator: "/")
        guard own.count == 1, let name = strings("name", at: vars).first, !name.isEmpty else { return group }
        // A name that Keras gave counts the layers of all models of its session; the group's counter starts at 0.
        return withoutCounter(name[...]) == withoutCounter(own.first!) ? group : name
    }

    /// What each of a layer's arrays is, as far as their number, shapes and the layer's class tell, else its number.
    private static func roles(_ variables: [HDF5Dataset], class: Substring) -> [String] {
        let shapes = variables.map(\.shape)
        let areVectors = shapes.allSatisfy { $0.count == 1 && $0 == shapes[0] }
        switch shapes.count {
        case 4 where areVectors: return ["gamma", "beta", "moving_mean", "moving_variance"]
        case 2 where areVectors && `class` == "batch_normalization": return ["moving_mean", "moving_variance"]
        case 1...2 where shapes[0].count >= 2 && shapes.dropFirst().allSatisfy({ $0.count == 1 }):
            return Array(["kernel", "bias"].prefix(shapes.count))
        default: return shapes.indices.map(String.init)
        }
    }
}
