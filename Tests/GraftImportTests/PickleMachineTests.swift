import GraftCheckpoint
import GraftImport
import Testing

/// Pickles written by hand, as the object of a stream: what no torch would write.
@Suite struct PickleMachineTests {
    /// Reads a stream with `object` between a sound head and `tail`.
    private func read(_ object: [UInt8], tail: [UInt8] = Self.noStorages, littleEndian: Bool = true) throws(ImportError)
        -> StateDict
    {
        let magic: [UInt8] = [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]
        let version: [UInt8] = [0x80, 2, 0x4D, 0xE9, 0x03, 0x2E]
        let facts = [0x80, 2, 0x7D] + text("little_endian") + [littleEndian ? 0x88 : 0x89, 0x73, 0x2E]
        return try readStateDict(MappedFile(bytes: magic + version + facts + object + tail))
    }

    private static let noStorages: [UInt8] = [0x80, 2, 0x5D, 0x2E]

    private func text(_ text: String) -> [UInt8] { [0x8C, UInt8(text.utf8.count)] + Array(text.utf8) }
    private func global(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }
    private func integer(_ value: Int64) -> [UInt8] {
        [0x8A, 8] + withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
    private func tuple(_ items: [[UInt8]]) -> [UInt8] { [0x28] + items.joined() + [0x74] }
    private func storage(_ key: String = "0", count: Int64, view: [UInt8] = [0x4E]) -> [UInt8] {
        tuple([text("storage"), global("torch", "FloatStorage"), text(key), text("cpu"), integer(count), view]) + [0x51]
    }
    private func tensor(_ storage: [UInt8], offset: Int64 = 0, shape: [Int64], strides: [Int64]) -> [UInt8] {
        global("torch._utils", "_rebuild_tensor_v2")
            + tuple([
                storage, integer(offset), tuple(shape.map(integer)), tuple(strides.map(integer)), [0x89],
                global("collections", "OrderedDict") + [0x29, 0x52],
            ]) + [0x52]
    }
    private func dictionary(_ entries: [(String, [UInt8])]) -> [UInt8] {
        [0x80, 2, 0x7D, 0x28] + entries.flatMap { text($0) + $1 } + [0x75, 0x2E]
    }
    /// The storage '0' with `floats`.
    private func storages(_ floats: [Float]) -> [UInt8] {
        [0x80, 2, 0x5D] + text("0") + [0x61, 0x2E] + withUnsafeBytes(of: Int64(floats.count).littleEndian) { Array($0) }
            + floats.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian) { Array($0) } }
    }

    // MARK: - What is read

    @Test func handWrittenStateDictIsRead() throws {
        let object = dictionary([("w", tensor(storage(count: 6), offset: 1, shape: [2, 2], strides: [1, 2]))])
        let stateDict = try read(object, tail: storages([0, 1, 2, 3, 4, 5]))
        #expect(stateDict["w"] == StateTensor(shape: [2, 2], floats: [1, 3, 2, 4]))
    }

    /// As torch wrote them before version 0.4: `(key, offset, count)`.
    @Test func viewOfAStorageIsRead() throws {
        let view = tuple([text("v"), integer(2), integer(3)])
        let object = dictionary([("w", tensor(storage(count: 6, view: view), shape: [3], strides: [1]))])
        #expect(
            try read(object, tail: storages([0, 1, 2, 3, 4, 5]))["w"] == StateTensor(shape: [3], floats: [2, 3, 4]))
        let beyond = dictionary([("w", tensor(storage(count: 6, view: view), offset: 1, shape: [3], strides: [1]))])
        #expect(throws: ImportError.self) { try read(beyond, tail: storages([0, 1, 2, 3, 4, 5])) }
    }

    @Test func laterValueOfAKeyCounts() throws {
        let object = dictionary([
            ("w", tensor(storage(count: 2), shape: [1], strides: [1])),
            ("w", tensor(storage(count: 2), offset: 1, shape: [1], strides: [1])),
        ])
        #expect(try read(object, tail: storages([1, 2]))["w"] == StateTensor(shape: [1], floats: [2]))
    }

    /// A tensor of the first of the floats that ``storages(_:)`` holds.
    private var number: [UInt8] { tensor(storage(count: 2), shape: [1], strides: [1]) }
    private func value(_ entries: [(String, [UInt8])]) -> [UInt8] {
        [0x7D, 0x28] + entries.flatMap { text($0) + $1 } + [0x75]
    }

    @Test(arguments: [
        ["state_dict"], ["model_state_dict"], ["model_state"], ["model"], ["module"], ["net"], ["network"], ["params"],
        ["weights"], ["state_dict_ema"], ["model_ema"], ["ema_state_dict"], ["ema"], ["params_ema"], ["teacher"],
        ["model", "state_dict"], ["net", "module", "model", "state_dict"], ["a name that nobody knows"],
    ])
    func nestedStateDictIsFound(names: [String]) throws {
        let aside = value([("state", number)])
        let nested = names.reversed().reduce(value([("w", number)])) { inner, name in
            value([("epoch", integer(3)), ("random", number), ("optimizer", value([("state", aside)])), (name, inner)])
        }
        // What stands beside the state dict is a tensor too; only a name that is known comes before it.
        let isKnown = names != ["a name that nobody knows"]
        let stateDict = try read([0x80, 2] + nested + [0x2E], tail: storages([1, 2]))
        #expect(stateDict.names == (isKnown ? ["w"] : ["random"]))
    }

    @Test func onlyDictOfTensorsIsTheStateDict() throws {
        let object = value([
            ("epoch", integer(3)), ("swa", value([("w", number)])), ("config", value([("w", integer(1))])),
        ])
        #expect(try read([0x80, 2] + object + [0x2E], tail: storages([1, 2])).names == ["w"])
        let two = value([("a", value([("w", number)])), ("b", value([("w", number)]))])
        #expect(throws: ImportError.noStateDict(found: "a dict of 'a', 'b'")) {
            try read([0x80, 2] + two + [0x2E], tail: storages([1, 2]))
        }
    }

    /// Averages of the weights are another set of weights: the plain ones come first.
    @Test func weightsComeBeforeTheirAverages() throws {
        let object = value([("model_ema", value([("average", number)])), ("model", value([("plain", number)]))])
        #expect(try read([0x80, 2] + object + [0x2E], tail: storages([1, 2])).names == ["plain"])
    }

    @Test(arguments: [
        "module.", "model.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "model.model.", "model.backbone.",
        "net.", "network.module.", "backbone.", "encoder.", "module.encoder.",
    ])
    func wrappersAreTakenOffAllNames(prefix: String) throws {
        let object = dictionary([(prefix + "a.weight", number), (prefix + "b", number)])
        #expect(try read(object, tail: storages([1, 2])).names == ["a.weight", "b"])
        let mixed = dictionary([(prefix + "a.weight", number), ("b", number)])
        #expect(try read(mixed, tail: storages([1, 2])).names == [prefix + "a.weight", "b"])
    }

    /// An accent belongs to the character before it: these names do not start with `model.`, if characters are compared.
    @Test func prefixIsComparedByteForByte() throws {
        let object = dictionary([("model.\u{301}", number), ("model.\u{302}", number), ("model.x", number)])
        #expect(try read(object, tail: storages([1, 2])).names == ["\u{301}", "\u{302}", "x"])
    }

    /// Names that are nothing but prefixes keep the last.
    @Test func prefixAloneStaysAName() throws {
        let long = String(repeating: "model.", count: 30)
        #expect(try read(dictionary([(long, number)]), tail: storages([1, 2])).names == ["model."])
    }

    @Test func longTextBesideTheWeightsIsSkipped() throws {
        let log =
            [0x58] + withUnsafeBytes(of: UInt32(100_000).littleEndian) { Array($0) }
            + [UInt8](repeating: 0xFF, count: 100_000)
        let object = dictionary([("log", log), ("w", number)])
        #expect(try read(object, tail: storages([1, 2])).names == ["w"])
    }

    /// Arguments, numbers of NumPy, dates and sets: values that nothing is made of.
    @Test func whatStandsBesideTheWeightsIsLeftOut() throws {
        let arguments = global("argparse", "Namespace") + [0x29, 0x81] + value([("rate", integer(1))]) + [0x62]
        let scalar =
            global("numpy.core.multiarray", "scalar") + global("numpy", "dtype")
            + tuple([text("f8"), [0x89], [0x88]]) + [0x52] + tuple([integer(3), text("<")]) + [0x62]
            + global("_codecs", "encode") + tuple([text("x"), text("latin1")]) + [0x52, 0x86, 0x52]
        let set: [UInt8] = [0x8F, 0x28] + integer(1) + [0x90]
        let object = dictionary([
            ("args", arguments), ("best", scalar), ("seen", set), ("frozen", [0x28] + integer(1) + [0x91]),
            ("w", number),
        ])
        #expect(try read(object, tail: storages([1, 2])).names == ["w"])
    }

    // MARK: - What is refused

    @Test(arguments: [
        ("os", "system"), ("builtins", "eval"), ("__builtin__", "getattr"), ("torch", "load"),
        ("torch._utils", "_rebuild_sparse"), ("torch.storage", "FloatStorage"), ("collections", "OrderedDict "),
        ("numpy", "load"), ("numpy.core.multiarray", "fromfile"), ("argparse", "ArgumentParser"), ("", ""),
    ])
    func otherGlobalIsNamed(module: String, name: String) {
        let error = ImportError.forbiddenGlobal(name: "\(module).\(name)")
        #expect(throws: error) { try read([0x80, 2] + global(module, name) + tuple([text("x")]) + [0x52, 0x2E]) }
        #expect(throws: error) { try read([0x80, 4] + text(module) + text(name) + [0x93, 0x2E]) }
    }

    /// INST, OBJ, EXT1, persistent id of protocol 0, NEWOBJ_EX, LONG4, and one that does not exist.
    @Test(arguments: [UInt8(0x69), 0x6F, 0x82, 0x50, 0x92, 0x8B, 0xFF])
    func opcodeOutsideOfTheListIsRefused(opcode: UInt8) throws {
        let error = #expect(throws: ImportError.self) { try read([0x80, 2, opcode]) }
        guard case .unsupportedOpcode(opcode, _) = error else { throw error! }
    }

    @Test(arguments: [
        0x30, 0x31, 0x85, 0x86, 0x87, 0x74, 0x61, 0x65, 0x73, 0x75, 0x52, 0x62, 0x51, 0x71, 0x2E, 0x93, 0x94,
    ])
    func opcodeThatWantsAStackFindsNone(opcode: UInt8) {
        // With a mark open or not: values below it are out of reach.
        for head in [[], [0x28], [0x4E, 0x28]] as [[UInt8]] where !(head == [0x28] && [0x31, 0x74].contains(opcode)) {
            #expect(throws: ImportError.self) { try read([0x80, 2] + head + [opcode, 0, 0x2E]) }
        }
    }

    /// A million tuples, lists and dicts, each in the next: freeing them must not exhaust the stack, nor looking for
    /// weights.
    @Test func deepNestingIsRefusedQuietly() {
        let depth = 1_000_000
        #expect(throws: ImportError.noStateDict(found: "a tuple")) {
            try read([0x80, 2, 0x4E] + [UInt8](repeating: 0x85, count: depth) + [0x2E])
        }
        #expect(throws: ImportError.self) {
            try read(
                [0x80, 2] + [UInt8](repeating: 0x5D, count: depth) + [UInt8](repeating: 0x61, count: depth - 1) + [0x2E]
            )
        }
        #expect(throws: ImportError.self) { try read([0x80, 2] + [UInt8](repeating: 0x28, count: 2 * depth) + [0x2E]) }
        // {'model': {'model': …}}, one more level than is unwrapped.
        let nested = [UInt8]((0..<1000).flatMap { _ in [0x7D] + text("model") })
        #expect(throws: ImportError.noStateDict(found: "a dict of 'model'")) {
            try read([0x80, 2] + nested + [0x4E] + [UInt8](repeating: 0x73, count: 1000) + [0x2E])
        }
    }

    @Test func dictThatContainsItselfIsRefused() {
        #expect(throws: ImportError.noStateDict(found: "a dict of 'model'")) {
            try read([0x80, 2, 0x7D, 0x71, 0] + text("model") + [0x68, 0, 0x73, 0x2E])
        }
    }

    @Test func memoBombIsRefused() {
        // Each list holds the one before ten times: 10^60 items, were they copied.
        var bomb: [UInt8] = [0x80, 2, 0x5D, 0x71, 0]
        for level in UInt8(1)...60 {
            bomb += [0x5D, 0x71, level, 0x28] + [UInt8]((0..<10).flatMap { _ in [0x68, level - 1] }) + [0x65]
        }
        #expect(throws: ImportError.noStateDict(found: "a list")) { try read(bomb + [0x2E]) }
    }

    /// Opcodes that copy what was made before: a few bytes each, for as many values as they like.
    @Test func copiesOfContainersAreCounted() {
        let error = ImportError.tooLarge(what: "values in containers", limit: 1 << 22)
        // A list of a thousand pairs, made into ever new ordered dicts.
        let pair: [UInt8] = [0x5D, 0x71, 0] + [0x28, 0x4E, 0x4E, 0x65, 0x30]
        let list: [UInt8] =
            [0x5D, 0x28] + [UInt8]((0..<1000).flatMap { _ in [0x68, 0] as [UInt8] }) + [0x65, 0x85, 0x71, 1, 0x30]
        let call = global("collections", "OrderedDict") + [0x71, 2, 0x30]
        #expect(throws: error) {
            try read(
                [0x80, 2] + pair + list + call + (0..<5000).flatMap { _ in [0x68, 2, 0x68, 1, 0x52, 0x30] as [UInt8] }
                    + [0x4E, 0x2E])
        }
        // One tensor of 64 sides, rebuilt from the same arguments.
        let sides = [Int64](repeating: 1, count: 64)
        let arguments = tuple([storage(count: 2), integer(0), tuple(sides.map(integer)), tuple(sides.map(integer))])
        #expect(throws: error) {
            try read(
                [0x80, 2] + arguments + [0x71, 1, 0x30] + global("torch._utils", "_rebuild_tensor_v2") + [
                    0x71, 2, 0x30,
                ]
                    + (0..<40_000).flatMap { _ in [0x68, 2, 0x68, 1, 0x52, 0x30] as [UInt8] } + [0x4E, 0x2E],
                tail: storages([1, 2]))
        }
        // A tensor of one side, six bytes each.
        let small = tuple([storage(count: 2), integer(0), tuple([integer(1)]), tuple([integer(1)])])
        #expect(throws: ImportError.tooLarge(what: "tensors", limit: 1 << 17)) {
            try read(
                [0x80, 2] + small + [0x71, 1, 0x30] + global("torch._utils", "_rebuild_tensor_v2") + [0x71, 2, 0x30]
                    + (0...1 << 17).flatMap { _ in [0x68, 2, 0x68, 1, 0x52, 0x30] as [UInt8] } + [0x4E, 0x2E],
                tail: storages([1, 2]))
        }
        // The same value appended to a list, three bytes each.
        #expect(throws: error) {
            try read(
                [0x80, 2, 0x4E, 0x71, 0, 0x5D] + (0..<1 << 22 + 1).flatMap { _ in [0x68, 0, 0x61] as [UInt8] } + [0x2E])
        }
    }

    /// A dict that refers to others sixteen times, four levels deep, with many entries at the end: looked through once.
    @Test func dictsThatAreSharedAreLookedThroughOnce() {
        let names = ["state_dict", "model_state_dict", "model", "module", "net", "network", "params", "weights"]
        var bomb: [UInt8] =
            [0x80, 2, 0x7D, 0x71, 0, 0x28] + (0..<100_000).flatMap { _ in text("x") + [0x4E] } + [0x75, 0x30]
        for level in UInt8(1)...5 {
            bomb += [0x7D, 0x71, level, 0x28] + names.flatMap { text($0) + [0x68, level - 1] } + [0x75, 0x30]
        }
        let start = ContinuousClock.now
        #expect(throws: ImportError.self) { try read(bomb + [0x68, 5, 0x2E]) }
        // 8^4 visits of 100,000 entries would take a minute.
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test func tensorOfAClassOfAClassIsRefused() {
        let function = global("torch._tensor", "_rebuild_from_type_v2") + [0x71, 0]
        let arguments = tuple([[0x68, 0], global("torch", "Tensor"), [0x29], [0x4E]])
        #expect(throws: ImportError.self) { try read([0x80, 2] + function + arguments + [0x52, 0x2E]) }
    }

    @Test func moreValuesThanTheLimitAreRefused() {
        #expect(throws: ImportError.tooLarge(what: "values on the stack", limit: 1 << 20)) {
            try read([0x80, 2] + [UInt8](repeating: 0x4E, count: 1 << 21))
        }
        #expect(throws: ImportError.tooLarge(what: "containers", limit: 1 << 20)) {
            try read([0x80, 2] + (0..<1 << 21).flatMap { _ in [0x5D, 0x30] as [UInt8] })
        }
    }

    @Test(
        arguments: [
            [0x58, 0xFF, 0xFF, 0xFF, 0xFF], [0x54, 0, 0, 1, 0], [0x42, 0xFF, 0xFF, 0xFF, 0x7F], [0x8C, 200, 65],
            [0x96, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x8A, 255, 1],
        ] as [[UInt8]])
    func textLongerThanTheFileIsRefused(opcode: [UInt8]) {
        #expect(throws: ImportError.self) { try read([0x80, 2] + opcode) }
    }

    @Test(arguments: [Int64.max, Int64.max / 4 + 1, 1 << 40, -1, Int64.min])
    func storageLargerThanTheFileIsRefused(count: Int64) {
        let object = dictionary([("w", tensor(storage(count: count), shape: [2], strides: [1]))])
        #expect(throws: ImportError.self) { try read(object, tail: storages([1, 2])) }
    }

    @Test(
        arguments: [
            (0, [3], [1]), (1, [2], [1]), (0, [2], [2]), (2, [1], [1]), (0, [1 << 40, 1 << 40], [0, 0]),
            (0, [Int64.max], [Int64.max]), (Int64.max, [2], [1]), (0, [2, 2], [Int64.max, Int64.max]),
            (0, [2], [1, 1]),
            (-1, [1], [1]), (0, [-1], [1]), (0, [2], [-1]),
        ] as [(Int64, [Int64], [Int64])])
    func windowBeyondItsStorageIsRefused(offset: Int64, shape: [Int64], strides: [Int64]) {
        let object = dictionary([("w", tensor(storage(count: 2), offset: offset, shape: shape, strides: strides))])
        #expect(throws: ImportError.self) { try read(object, tail: storages([1, 2])) }
    }

    /// One float shown a billion times.
    @Test func expandedTensorOverTheLimitIsRefused() throws {
        let object = dictionary([("w", tensor(storage(count: 2), shape: [1 << 30], strides: [0]))])
        let error = #expect(throws: ImportError.self) { try read(object, tail: storages([1, 2])) }
        guard case .tooLarge("bytes of tensors", _) = error else { throw error! }
    }

    /// A thousand views of one storage, each as long as it.
    @Test func manyViewsOfOneStorageAreRefused() throws {
        let floats = [Float](repeating: 1, count: 100_000)
        let views = (0..<1000).map { ("w\($0)", tensor(storage(count: 100_000), shape: [100_000], strides: [1])) }
        let error = #expect(throws: ImportError.self) { try read(dictionary(views), tail: storages(floats)) }
        guard case .tooLarge("bytes of tensors", _) = error else { throw error! }
    }

    @Test func storageThatIsNotInTheFileIsNamed() {
        let object = dictionary([("w", tensor(storage("7", count: 2), shape: [2], strides: [1]))])
        #expect(throws: ImportError.malformed(detail: "storage '7' is not in the file")) { try read(object) }
    }

    @Test func bigEndianFileIsRefused() {
        #expect(throws: ImportError.bigEndian) { try read(dictionary([]), littleEndian: false) }
    }

    @Test func emptyDictHoldsNoWeights() {
        #expect(throws: ImportError.noStateDict(found: "an empty dict")) { try read(dictionary([])) }
    }

    @Test func wholeModelIsNamedForWhatItIs() {
        let identifier = tuple([
            text("module"), global("collections", "OrderedDict"), text("a.py"), text("code"), [0x4E],
        ])
        #expect(throws: ImportError.noStateDict(found: "a whole model, with its code")) {
            try read([0x80, 2] + identifier + [0x51, 0x2E])
        }
    }
}
