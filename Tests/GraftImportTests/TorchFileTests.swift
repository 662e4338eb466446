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
    static let names = ["types", "windows", "model", "training", "parameter", "protocol4"]
    static let files = names.flatMap { ["\($0).stream.pth", "\($0).zip.pth"] } + ["types.safetensors"]

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

    /// A cut in the weights or before them; no byte follows the last weight of a stream, nor the end of an archive.
    @Test(arguments: ["types.stream.pth", "types.zip.pth", "training.stream.pth", "training.zip.pth"])
    func fileCutAnywhereIsRefused(file: String) throws {
        let bytes = try Fixture.bytes("checkpoints/\(file)")
        for length in 0..<bytes.count {
            #expect(throws: ImportError.self, "\(length) bytes") { try read(bytes[..<length]) }
        }
    }

    @Test(arguments: [
        "types.stream.pth", "windows.stream.pth", "types.zip.pth", "windows.zip.pth", "protocol4.zip.pth",
    ])
    func changedFilesNeverTrap(file: String) throws {
        let bytes = try Fixture.bytes("checkpoints/\(file)")
        var random = SeededGenerator(seed: 2)
        var refused = 0
        for _ in 0..<10_000 {
            do {
                let stateDict = try read(random.mutated(bytes))
                for name in stateDict.names { _ = stateDict[name]!.floats() }
            } catch {
                refused += 1
            }
        }
        // Many changes hit a weight, a memo index that nobody reads, or padding, and leave a sound file.
        #expect(refused > 2000)
    }

    /// What the fixtures' script pickled would have run something when loaded by Python.
    @Test(arguments: [
        ("hostile-system.pth", "posix.system"), ("hostile-eval.pth", "__builtin__.eval"),
        ("hostile-module.pth", "pathlib.PurePosixPath"),
    ])
    func globalOutsideOfTheListIsNamed(file: String, global: String) {
        #expect(throws: ImportError.forbiddenGlobal(name: global)) {
            try readStateDict(path: Fixture.url("checkpoints/\(file)").path)
        }
    }

    @Test(arguments: [
        ([UInt8](), "empty"), (Array("<!DOCTYPE html>".utf8), "web page"), ([0x1F, 0x8B, 8], "gzip"),
        ([1, 2, 3], "01 02 03"),
        ([0x80, 2, 0x4B, 1, 0x2E], "torch.save"),
    ])
    func otherFormatIsSaid(bytes: [UInt8], part: String) throws {
        let error = #expect(throws: ImportError.self) { try read(bytes) }
        #expect("\(error!)".contains(part), "\(error!)")
    }
}
