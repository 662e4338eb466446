import GraftCheckpoint

/// The root of a checkpoint that torch saved, before any tensor is copied.
struct TorchFile {
    let file: MappedFile
    let root: PickleValue
    let heap: PickleHeap
    /// Where the bytes of each storage are, by key.
    let storages: [String: Range<Int>]

    /// The named tensors, made contiguous.
    ///
    /// They may be nested as training scripts do; entries that are no tensors are left out.
    ///
    /// - Throws: `noStateDict`, `badTensor`, or `tooLarge` for tensors that repeat a storage without measure.
    func stateDict() throws(ImportError) -> StateDict {
        var stateDict = StateDict()
        // A window may show the same bytes again and again, so the file's length alone bounds nothing. Tied weights do
        // so too, but not fourfold.
        let byteLimit = 4 * file.count
        var byteTotal = 0
        for (name, tensor) in try namedTensors() {
            let (sum, overflow) = byteTotal.addingReportingOverflow(try tensor.checkedByteCount(name))
            guard !overflow, sum <= byteLimit else { throw .tooLarge(what: "bytes of tensors", limit: byteLimit) }
            byteTotal = sum
            stateDict.add(tensor.contiguous(in: file, storage: storages[tensor.storage.key]!), as: name)
        }
        return stateDict
    }

    private func namedTensors() throws(ImportError) -> [(name: String, tensor: TensorReference)] {
        guard case .dictionary(let dictionary) = root else { throw .noStateDict(found: root.kind) }
        var nesting = Nesting(heap)
        guard let weights = nesting.weights(in: dictionary) else { throw .noStateDict(found: kind(of: dictionary)) }
        var places: [String: Int] = [:]
        var named: [(name: String, tensor: PickleValue)] = []
        for (key, value) in heap.dictionaries[weights] {
            guard case .text(let name) = key, value.isTensor else { continue }
            if let place = places[name] {
                named[place].tensor = value
            } else {
                places[name] = named.count
                named.append((name, value))
            }
        }
        return try named.map { entry throws(ImportError) in
            switch entry.tensor {
            case .tensor(let tensor): return (entry.name, heap.tensors[tensor])
            case .foreignTensor(let kind):
                throw .badTensor(
                    name: entry.name,
                    detail: "is \(kind), which is not read; make it a plain tensor of floats and save it again")
            default: preconditionFailure("only tensors were kept")
            }
        }
    }

    private func kind(of dictionary: Int) -> String {
        let entries = heap.dictionaries[dictionary]
        let keys = entries.prefix(5).map { if case .text(let name) = $0.key { "'\(name)'" } else { $0.key.kind } }
        return entries.isEmpty ? "an empty dict" : "a dict of \(keys.joined(separator: ", "))"
    }
}

extension PickleValue {
    var isTensor: Bool {
        switch self {
        case .tensor, .foreignTensor: true
        default: false
        }
    }
}
