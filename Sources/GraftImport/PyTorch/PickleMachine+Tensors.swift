import GraftCheckpoint

// What torch writes beyond plain Python values: storages by persistent id, and calls that rebuild tensors on them.

extension PickleMachine {
    /// PyTorch's own limit on the number of sides.
    private static let rankLimit = 64

    /// What calling `callable` with the tuple `arguments` would make.
    mutating func call(_ callable: PickleValue, _ arguments: PickleValue) throws(ImportError) -> PickleValue {
        guard case .global(let global) = callable, case .tuple(let tuple) = arguments else {
            throw fault("a call of \(callable.kind) with \(arguments.kind)")
        }
        let arguments = heap.tuples[tuple]
        switch global {
        case .orderedDictionary: return try orderedDictionary(arguments)
        case .defaultDictionary: return try newDictionary()
        case .rebuildTensor: return try tensor(arguments)
        case .rebuildParameter:
            switch arguments.first {
            case .tensor?, .foreignTensor?: return arguments[0]
            default: throw fault("a parameter without a tensor")
            }
        case .rebuildFromType:
            // A function, a class, and the arguments of the function, which is another: nothing recurses further.
            guard arguments.count == 4, case .global(let function) = arguments[0], function != .rebuildFromType else {
                throw fault("a tensor of a class without what it is rebuilt from")
            }
            return try call(arguments[0], arguments[2])
        case .rebuildForeign(let kind):
            let types = arguments.compactMap { if case .global(.aside(let name)) = $0 { name } else { nil } }
            return .foreignTensor(kind: kind ?? types.first ?? "of an unknown type")
        case .size:
            guard case .tuple? = arguments.first else { throw fault("a size without its sides") }
            return arguments[0]
        case .aside: return .aside
        case .storage: throw fault("a storage without a place in the file")
        }
    }

    /// `OrderedDict()`; Python 2 passes a list of `[key, value]` lists.
    private mutating func orderedDictionary(_ arguments: [PickleValue]) throws(ImportError) -> PickleValue {
        let dictionary = try newDictionary()
        guard let first = arguments.first else { return dictionary }
        guard arguments.count == 1, case .list(let list) = first, case .dictionary(let index) = dictionary else {
            throw fault("an ordered dict of \(first.kind)")
        }
        let items = heap.lists[list]
        try count(items: 2 * items.count)
        for item in items {
            guard let pair = sequence(item), pair.count == 2 else { throw fault("a key without a value") }
            heap.dictionaries[index].append((pair[0], pair[1]))
        }
        return dictionary
    }

    /// `(storage, offset, shape, strides, …)`; the seventh, if any, is a dict of marks.
    private mutating func tensor(_ arguments: [PickleValue]) throws(ImportError) -> PickleValue {
        guard arguments.count >= 4, case .storage(let index) = arguments[0], let offset = count(arguments[1]),
            let shape = try counts(arguments[2]), let strides = try counts(arguments[3]), shape.count == strides.count
        else { throw fault("a tensor without storage, offset, shape and as many strides") }
        let storage = heap.storages[index]
        switch storage.kind {
        case .foreign(let name, _): return .foreignTensor(kind: name)
        case .elements(let elementType):
            // A mark says that the values are to be negated or conjugated when they are read.
            if arguments.count > 6, case .dictionary(let marks) = arguments[6], !heap.dictionaries[marks].isEmpty {
                return .foreignTensor(kind: "lazily negated")
            }
            return try newTensor(
                TensorReference(
                    storage: storage, elementType: elementType, offset: offset, shape: shape, strides: strides))
        }
    }

    /// The storage that a persistent id names: `('storage', type, key, device, count)`, where old files add `None` or
    /// `(key, offset, count)` of a view.
    mutating func storage(_ identifier: PickleValue) throws(ImportError) -> StorageReference {
        guard case .tuple(let tuple) = identifier else { throw fault("a persistent id that is \(identifier.kind)") }
        let fields = heap.tuples[tuple]
        guard fields.count >= 5, fields[0] == .text("storage"), case .global(.storage(let kind)) = fields[1],
            case .text(let key) = fields[2], let count = count(fields[4])
        else {
            if fields.first == .text("module") { throw .noStateDict(found: "a whole model, with its code") }
            throw fault("a persistent id that names no storage")
        }
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: kind.width)
        guard !overflow, byteCount <= reader.file.count else {
            throw fault("storage '\(key)' of \(count) elements, in a file of \(reader.file.count) bytes")
        }
        if let known = storages[key], known.kind != kind || known.count != count {
            throw fault("storage '\(key)' has two types or lengths")
        }
        let storage = StorageReference(
            key: key, kind: kind, count: count, view: try view(fields.count > 5 ? fields[5] : .none, of: count))
        storages[key] = storage
        return storage
    }

    private func view(_ value: PickleValue, of count: Int) throws(ImportError) -> Range<Int> {
        if value == .none { return 0..<count }
        guard let fields = sequence(value), fields.count == 3, let offset = self.count(fields[1]),
            let length = self.count(fields[2]), offset <= count, length <= count - offset
        else { throw fault("a view that does not lie in its storage") }
        return offset..<offset + length
    }

    /// The items of a tuple or list.
    private func sequence(_ value: PickleValue) -> [PickleValue]? {
        switch value {
        case .tuple(let tuple): heap.tuples[tuple]
        case .list(let list): heap.lists[list]
        default: nil
        }
    }

    /// An integer that is not negative.
    private func count(_ value: PickleValue) -> Int? {
        guard case .integer(let integer) = value, integer >= 0 else { return nil }
        return Int(integer)
    }

    /// A shape or strides.
    private func counts(_ value: PickleValue) throws(ImportError) -> [Int]? {
        guard let items = sequence(value) else { return nil }
        guard items.count <= Self.rankLimit else { throw .tooLarge(what: "sides of a tensor", limit: Self.rankLimit) }
        var counts: [Int] = []
        for item in items {
            guard let count = count(item) else { return nil }
            counts.append(count)
        }
        return counts
    }
}
