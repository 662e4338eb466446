import GraftCheckpoint

// The stream form, which torch.save wrote before version 1.6: five pickles one after another (a magic number, the
// protocol's version, facts of the machine, the object, the keys of its storages), then each storage as a 64-bit count
// and its elements.

extension TorchFile {
    /// `0x1950a86a20f9469cfc6c`, little-endian
    private static let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    private static let version: Int64 = 1001

    init(stream file: MappedFile) throws(ImportError) {
        var machine = PickleMachine(ByteReader(file, range: 0..<file.count))
        guard case .longInteger(Self.magic) = try machine.run() else {
            throw .unsupportedFormat(found: "a pickle, but not one of torch.save")
        }
        machine = PickleMachine(machine.reader)
        let version = try machine.run()
        guard version == .integer(Self.version) else {
            throw .unsupportedFormat(found: "a torch file of another version than \(Self.version)")
        }
        machine = PickleMachine(machine.reader)
        try Self.checkByteOrder(try machine.run(), machine.heap)

        machine = PickleMachine(machine.reader)
        let root = try machine.run()
        var keyMachine = PickleMachine(machine.reader)
        guard case .list(let list) = try keyMachine.run() else {
            throw .malformed(detail: "the list of storages is missing")
        }
        self.file = file
        self.root = root
        heap = machine.heap
        storages = try Self.places(keyMachine.heap.lists[list], known: machine.storages, after: keyMachine.reader)
    }

    private static func checkByteOrder(_ facts: PickleValue, _ heap: PickleHeap) throws(ImportError) {
        guard case .dictionary(let dictionary) = facts,
            let entry = heap.dictionaries[dictionary].last(where: { $0.key == .text("little_endian") }),
            case .bool(let isLittleEndian) = entry.value
        else { throw .malformed(detail: "the facts of the machine that wrote it are missing") }
        guard isLittleEndian else { throw .bigEndian }
    }

    /// Where the storages are that follow `reader`, in the order of `keys`.
    private static func places(
        _ keys: [PickleValue], known: [String: StorageReference], after reader: ByteReader
    ) throws(ImportError) -> [String: Range<Int>] {
        var reader = reader
        var places: [String: Range<Int>] = [:]
        for key in keys {
            guard case .text(let key) = key, let storage = known[key], places[key] == nil else {
                throw .malformed(detail: "the list of storages names one that no tensor has, or one twice")
            }
            let count = try reader.integer(Int64.self)
            guard count == storage.count else {
                throw .malformed(detail: "storage '\(key)' has \(count) elements, expected \(storage.count)")
            }
            // No overflow: the machine compared the length with the file's.
            places[key] = try reader.take(storage.byteCount)
        }
        if let missing = known.keys.filter({ places[$0] == nil }).min() {
            throw .malformed(detail: "storage '\(missing)' is not in the file")
        }
        return places
    }
}
