import Foundation
import GraftCheckpoint
import GraftImport
import TestSupport
import Testing

/// What the framework itself reads from a fixture, by file and tensor; the script beside it wrote it.
struct Expected: Decodable {
    let shape: [Int]
    /// The values as 32-bit floats, bit by bit.
    let bits: [UInt32]

    static func read(_ folder: String) throws -> [String: [String: Expected]] {
        try JSONDecoder().decode(
            [String: [String: Expected]].self, from: Data(contentsOf: Fixture.url("\(folder)/expected.json")))
    }
}

@Suite struct TorchFileTests {
    static let names = [
        "types", "windows", "model", "training", "parameter", "protocol3", "protocol4", "protocol5", "attributed",
        "run",
        "run4",
    ]
    static let files =
        names.flatMap { ["\($0).stream.pth", "\($0).zip.pth"] } + ["repacked.zip.pth", "types.safetensors"]

    private func read(_ bytes: some Sequence<UInt8>) throws(ImportError) -> StateDict {
        try readStateDict(MappedFile(bytes: [UInt8](bytes)))
    }

    /// Exact: conversions to 32 bits round to nearest in both.
    @Test(arguments: files)
    func everyTensorIsWhatTorchReads(file: String) throws {
        let expected = try #require(try Expected.read("checkpoints")[file])
        let stateDict = try readStateDict(path: Fixture.url("checkpoints/\(file)").path)
        #expect(stateDict.names.sorted() == expected.keys.sorted())
        for (name, tensor) in expected {
            let found = try #require(stateDict[name])
            #expect(found.shape == tensor.shape, "\(name)")
            #expect(found.floats().map(\.bitPattern) == tensor.bits, "\(name)")
        }
    }

    @Test func integersStayIntegers() throws {
        let stateDict = try readStateDict(path: Fixture.url("checkpoints/types.zip.pth").path)
        let counter = try #require(stateDict["i64"])
        #expect(counter.elementType == .i64)
        #expect(counter.bytes == StateTensor(shape: [3], integers: [-(1 << 62) - 1, 0, 7]).bytes)
    }

    /// What the fixtures' script pickled would have run something when loaded by Python.
    @Test(arguments: [
        ("hostile-system.pth", "posix.system"), ("hostile-eval.pth", "__builtin__.eval"),
        ("hostile-module.pth", "fractions.Fraction"),
    ])
    func globalOutsideOfTheListIsNamed(file: String, global: String) {
        #expect(throws: ImportError.forbiddenGlobal(name: global)) {
            try readStateDict(path: Fixture.url("checkpoints/\(file)").path)
        }
    }

    /// Sound files of torch whose content is no state dict that can be read, each with a part of what is said.
    @Test(arguments: [
        ("complex", "tensor 'w': is complex"), ("float8", "tensor 'w': is torch.float8_e4m3fn"),
        ("sparse", "tensor 'w': is sparse"), ("quantised", "tensor 'w': is quantised"),
        ("meta", "tensor 'w': is without elements"), ("negated", "tensor 'w': is lazily negated"),
        ("list", "a list, expected named tensors"), ("arrays", "a dict of 'w', expected named tensors"),
        ("model", "a whole model, with its code ('torch.nn.modules.linear.Linear')"),
        ("model-inside", "torch.save(model.state_dict(), path)"), ("script", "a TorchScript archive"),
        ("compressed", "unpack it and archive it again"), ("big-endian", "big-endian"),
    ])
    func whatIsNoStateDictIsNamed(file: String, part: String) throws {
        let error = #expect(throws: ImportError.self) {
            try readStateDict(path: Fixture.url("checkpoints/refused-\(file).zip.pth").path)
        }
        #expect("\(error!)".contains(part), "\(error!)")
    }

    private static let otherFormats: [(start: [UInt8], part: String)] = [
        ([], "empty"), (ascii("<!DOCTYPE html>"), "web page"), ([0x1F, 0x8B, 8], "gzip"), ([1, 2, 3], "01 02 03"),
        ([0x80, 2, 0x4B, 1, 0x2E], "torch.save"), (ascii("version https://git-lfs.github.com/spec/v1"), "git lfs"),
        ([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59], "NumPy"), (ascii("BZh9"), "bzip2"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "xz"), (ascii("PK\u{5}\u{6}"), "zip archive"), (ascii("GGUF"), "GGUF"),
        (ascii("....TFL3"), "TensorFlow Lite"), (ascii(#"{"metadata":"#), "JSON"),
        (ascii(String(repeating: "x", count: 257) + "ustar"), "tar archive"),
    ]

    private static func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test(arguments: otherFormats)
    func otherFormatIsSaid(start: [UInt8], part: String) throws {
        let error = #expect(throws: ImportError.self) { try read(start) }
        #expect("\(error!)".contains(part), "\(error!)")
    }
}
