import GraftCheckpoint

/// Interprets a pickle of tensors, and executes nothing: a global is a case of ``PickleGlobal`` or an error that
/// names it, and what Python would call becomes a value that says what it is.
///
/// The result of the opcodes is never deeper than the stack of this process: see ``PickleHeap``.
struct PickleMachine {
    /// A state dict has some thousand tensors and a dozen values for each; these are a thousand times that.
    static let valueLimit = 1 << 20
    /// Values in all containers together: some opcodes copy a container's values, so the pickle's length bounds nothing.
    static let itemLimit = 1 << 22
    static let textLimit = 1 << 16
    /// Of any network and its optimiser a hundred times over: each takes more memory than the bytes that made it.
    static let tensorLimit = 1 << 17

    var reader: ByteReader
    var heap = PickleHeap()
    /// The last reference to each storage that the pickle has named, by key.
    var storages: [String: StorageReference] = [:]
    private var stack: [PickleValue] = []
    /// The heights of the stack at each open mark.
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    private var containerCount = 0
    private var itemCount = 0

    /// A machine for the pickle that starts where `reader` stands.
    init(_ reader: ByteReader) { self.reader = reader }

    /// What the pickle holds; the reader then stands behind it.
    ///
    /// - Throws: `forbiddenGlobal`, `unsupportedOpcode`, `truncated`, `tooLarge`, or `malformed`.
    mutating func run() throws(ImportError) -> PickleValue {
        while true {
            let offset = reader.offset
            let byte = try reader.byte()
            guard let opcode = PickleOpcode(rawValue: byte) else { throw .unsupportedOpcode(byte, atByte: offset) }
            if opcode == .stop { return try pop() }
            try execute(opcode)
        }
    }

    private mutating func execute(_ opcode: PickleOpcode) throws(ImportError) {
        switch opcode {
        case .proto:
            let version = try reader.byte()
            guard (2...5).contains(version) else { throw fault("pickle protocol \(version); known are 2 to 5") }
        case .frame: _ = try reader.integer(UInt64.self)
        case .stop: preconditionFailure("run() ends at it")

        case .mark:
            guard marks.count < Self.valueLimit else { throw .tooLarge(what: "open marks", limit: Self.valueLimit) }
            marks.append(stack.count)
        case .pop: _ = try pop()
        case .popMark: _ = try popToMark()

        case .none: try push(.none)
        case .newTrue: try push(.bool(true))
        case .newFalse: try push(.bool(false))
        case .binInt: try push(.integer(Int64(try reader.integer(Int32.self))))
        case .binInt1: try push(.integer(Int64(try reader.byte())))
        case .binInt2: try push(.integer(Int64(try reader.integer(UInt16.self))))
        case .long1: try push(try long())
        case .binFloat: try push(.float(Double(bitPattern: try reader.integer(UInt64.self).byteSwapped)))

        case .binString, .binUnicode: try pushText(byteCount: Int(try reader.integer(UInt32.self)))
        case .shortBinString, .shortBinUnicode: try pushText(byteCount: Int(try reader.byte()))
        case .binBytes: try skipBytes(UInt64(try reader.integer(UInt32.self)))
        case .shortBinBytes: try skipBytes(UInt64(try reader.byte()))
        case .byteArray8: try skipBytes(try reader.integer(UInt64.self))

        case .emptyTuple: try pushTuple([])
        case .tuple1: try pushTuple(try pop(1))
        case .tuple2: try pushTuple(try pop(2))
        case .tuple3: try pushTuple(try pop(3))
        case .tuple: try pushTuple(try popToMark())
        case .emptyList: try pushList([])
        case .list: try pushList(try popToMark())
        case .append: try append(try pop(1))
        case .appends: try append(try popToMark())
        case .emptyDict: try pushDictionary()
        case .dict:
            let items = try popToMark()
            try pushDictionary()
            try set(items)
        case .setItem: try set(try pop(2))
        case .setItems: try set(try popToMark())
        case .emptySet: try push(.aside)
        case .addItems:
            _ = try popToMark()
            guard case .aside = try top() else { throw fault("a member for \(try top().kind)") }
        case .frozenSet:
            _ = try popToMark()
            try push(.aside)

        case .global:
            let module = try reader.line(limit: Self.textLimit)
            let name = try reader.line(limit: Self.textLimit)
            try push(.global(try PickleGlobal(module: module, name: name)))
        case .stackGlobal:
            let names = try pop(2)
            guard case .text(let module) = names[0], case .text(let name) = names[1] else {
                throw fault("a global named by \(names[0].kind) and \(names[1].kind)")
            }
            try push(.global(try PickleGlobal(module: module, name: name)))
        case .reduce, .newObject:
            let operands = try pop(2)
            try push(try call(operands[0], operands[1]))
        case .build: try build()
        case .binPersistentID: try push(try newStorage(try storage(try pop())))

        case .binGet: try get(Int(try reader.byte()))
        case .longBinGet: try get(Int(try reader.integer(UInt32.self)))
        case .binPut: try put(Int(try reader.byte()))
        case .longBinPut: try put(Int(try reader.integer(UInt32.self)))
        case .memoize: try put(memo.count)
        }
    }

    func fault(_ detail: String) -> ImportError { .malformed(detail: "pickle at byte \(reader.offset): \(detail)") }
}

// MARK: - Stack and memo

extension PickleMachine {
    private mutating func push(_ value: PickleValue) throws(ImportError) {
        guard stack.count < Self.valueLimit else {
            throw .tooLarge(what: "values on the stack", limit: Self.valueLimit)
        }
        stack.append(value)
    }

    /// The height that pops may not go below: what lies under the last mark belongs to what comes after it.
    private var floor: Int { marks.last ?? 0 }

    private mutating func pop() throws(ImportError) -> PickleValue { try pop(1)[0] }

    /// The topmost `count` values, the deepest first.
    private mutating func pop(_ count: Int) throws(ImportError) -> [PickleValue] {
        guard stack.count - floor >= count else { throw fault("the stack is empty") }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    /// The values above the last mark, which is removed.
    private mutating func popToMark() throws(ImportError) -> [PickleValue] {
        guard let height = marks.popLast() else { throw fault("no mark is open") }
        defer { stack.removeLast(stack.count - height) }
        return Array(stack[height...])
    }

    private func top() throws(ImportError) -> PickleValue {
        guard stack.count > floor else { throw fault("the stack is empty") }
        return stack[stack.count - 1]
    }

    private mutating func get(_ index: Int) throws(ImportError) {
        guard let value = memo[index] else { throw fault("nothing is kept as \(index)") }
        try push(value)
    }

    private mutating func put(_ index: Int) throws(ImportError) {
        guard memo.count < Self.valueLimit else { throw .tooLarge(what: "kept values", limit: Self.valueLimit) }
        memo[index] = try top()
    }
}

// MARK: - Values

extension PickleMachine {
    private mutating func long() throws(ImportError) -> PickleValue {
        let bytes = reader.file.bytes(in: try reader.take(Int(try reader.byte())))
        guard bytes.count <= 8 else { return .longInteger(bytes) }
        // Two's complement, as short as it goes.
        let isNegative = (bytes.last ?? 0) & 0x80 != 0
        let value = bytes.reversed().reduce(UInt64(isNegative ? UInt64.max : 0)) { $0 << 8 | UInt64($1) }
        return .integer(Int64(bitPattern: value))
    }

    private mutating func pushText(byteCount: Int) throws(ImportError) {
        // No tensor's name is that long; logs and descriptions are.
        guard byteCount <= Self.textLimit else { return try skipBytes(UInt64(byteCount)) }
        try push(.text(try reader.text(byteCount: byteCount, limit: Self.textLimit)))
    }

    private mutating func skipBytes(_ count: UInt64) throws(ImportError) {
        _ = try reader.take(Int(clamping: count))
        try push(.aside)
    }

    /// Counts a new container, or `items` values that are about to be put into one.
    mutating func count(containers: Int = 0, items: Int = 0) throws(ImportError) {
        containerCount += containers
        guard containerCount <= Self.valueLimit else { throw .tooLarge(what: "containers", limit: Self.valueLimit) }
        itemCount += items
        guard itemCount <= Self.itemLimit else { throw .tooLarge(what: "values in containers", limit: Self.itemLimit) }
    }

    private mutating func pushTuple(_ items: [PickleValue]) throws(ImportError) {
        try count(containers: 1, items: items.count)
        heap.tuples.append(items)
        try push(.tuple(heap.tuples.count - 1))
    }

    private mutating func pushList(_ items: [PickleValue]) throws(ImportError) {
        try count(containers: 1, items: items.count)
        heap.lists.append(items)
        try push(.list(heap.lists.count - 1))
    }

    private mutating func pushDictionary() throws(ImportError) { try push(try newDictionary()) }

    mutating func newDictionary() throws(ImportError) -> PickleValue {
        try count(containers: 1)
        heap.dictionaries.append([])
        return .dictionary(heap.dictionaries.count - 1)
    }

    mutating func newTensor(_ tensor: TensorReference) throws(ImportError) -> PickleValue {
        guard heap.tensors.count < Self.tensorLimit else { throw .tooLarge(what: "tensors", limit: Self.tensorLimit) }
        try count(containers: 1, items: 2 * tensor.shape.count)
        heap.tensors.append(tensor)
        return .tensor(heap.tensors.count - 1)
    }

    private mutating func newStorage(_ storage: StorageReference) throws(ImportError) -> PickleValue {
        try count(containers: 1)
        heap.storages.append(storage)
        return .storage(heap.storages.count - 1)
    }

    private mutating func append(_ items: [PickleValue]) throws(ImportError) {
        switch try top() {
        case .list(let list):
            try count(items: items.count)
            heap.lists[list].append(contentsOf: items)
        case .aside: break
        case let target: throw fault("an item for \(target.kind)")
        }
    }

    /// Sets keys and values, which alternate in `items`, in the dict on top of the stack.
    private mutating func set(_ items: [PickleValue]) throws(ImportError) {
        guard items.count % 2 == 0 else { throw fault("a key without a value") }
        let target = try top()
        if case .aside = target { return }
        guard case .dictionary(let dictionary) = target else { throw fault("a key for \(target.kind)") }
        try count(items: items.count)
        for i in stride(from: 0, to: items.count, by: 2) {
            heap.dictionaries[dictionary].append((items[i], items[i + 1]))
        }
    }

    /// What Python would put into an object's `__dict__`: of a state dict, module versions that no weight depends on.
    private mutating func build() throws(ImportError) {
        _ = try pop()
        switch try top() {
        case .dictionary, .aside: break
        case let target: throw fault("attributes for \(target.kind)")
        }
    }
}
