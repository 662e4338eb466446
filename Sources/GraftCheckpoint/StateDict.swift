/// Named tensors in the order they were added: what a checkpoint holds, of whatever format.
package struct StateDict: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    private var tensors: [String: StateTensor] = [:]
    /// In the order they were added.
    package private(set) var names: [String] = []

    package init() {}

    package init(dictionaryLiteral elements: (String, StateTensor)...) {
        for (name, tensor) in elements { add(tensor, as: name) }
    }

    package var count: Int { names.count }

    /// - Precondition: no tensor is called `name` yet.
    package mutating func add(_ tensor: StateTensor, as name: String) {
        let old = tensors.updateValue(tensor, forKey: name)
        precondition(old == nil, "a second tensor '\(name)'")
        names.append(name)
    }

    package subscript(name: String) -> StateTensor? { tensors[name] }

    /// The tensor called `name`.
    ///
    /// - Throws: `missingTensor`, or `shapeMismatch` unless it has exactly `shape`.
    package func tensor(_ name: String, shape: [Int]) throws(CheckpointError) -> StateTensor {
        guard let tensor = tensors[name] else { throw .missingTensor(name: name) }
        guard tensor.shape == shape else {
            throw .shapeMismatch(name: name, expected: shape, found: tensor.shape)
        }
        return tensor
    }
}
