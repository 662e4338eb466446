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
    /// They may be nested under a key that training scripts use; entries that are no tensors are left out.
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
        guard let entries = entries(of: root) else { throw .noStateDict(found: root.kind) }
        var places: [String: Int] = [:]
        var named: [(name: String, tensor: TensorReference)] = []
        for (key, value) in unwrapped(entries) {
            guard case .text(let name) = key, case .tensor(let tensor) = value else { continue }
            if let place = places[name] {
                named[place].tensor = heap.tensors[tensor]
            } else {
                places[name] = named.count
                named.append((name, heap.tensors[tensor]))
            }
        }
        guard !named.isEmpty else {
            let keys = entries.prefix(5).map { if case .text(let name) = $0.key { "'\(name)'" } else { $0.key.kind } }
            throw .noStateDict(found: entries.isEmpty ? "an empty dict" : "a dict of \(keys.joined(separator: ", "))")
        }
        return named
    }

    /// The entries of the state dict in a training checkpoint, or `entries` if they are one.
    private func unwrapped(_ entries: [(key: PickleValue, value: PickleValue)]) -> [(
        key: PickleValue, value: PickleValue
    )] {
        var entries = entries
        // Scripts nest it once, and once more where two of them met; a dict that contains itself ends here too.
        for _ in 0..<4 {
            let inner = ["state_dict", "model_state_dict", "model"].lazy.compactMap { wanted in
                entries.last { $0.key == .text(wanted) }.flatMap { self.entries(of: $0.value) }
            }
            guard let inner = inner.first else { break }
            entries = inner
        }
        return entries
    }

    private func entries(of value: PickleValue) -> [(key: PickleValue, value: PickleValue)]? {
        if case .dictionary(let dictionary) = value { heap.dictionaries[dictionary] } else { nil }
    }
}
