import Foundation
import GraftCheckpoint
import GraftImport
import GraftNetwork
import TestSupport
import Testing

/// Every small file of a foreign format, cut and changed at every byte: an error or tensors, never a trap.
@Suite struct HostileFileTests {
    static let checkpoints = try! FileManager.default.contentsOfDirectory(atPath: Fixture.url("checkpoints").path)
        .filter { $0.hasSuffix(".pth") || $0.hasSuffix(".safetensors") }.sorted()

    private func read(_ bytes: some Sequence<UInt8>) throws(ImportError) -> StateDict {
        let stateDict = try readStateDict(MappedFile(bytes: [UInt8](bytes)))
        for name in stateDict.names { _ = stateDict[name]!.floats() }
        return stateDict
    }

    /// In the weights or before them; no byte follows the last weight of a stream or safetensors, nor the end of an
    /// archive.
    @Test(arguments: checkpoints)
    func fileCutAnywhereIsRefused(file: String) throws {
        let bytes = try Fixture.bytes("checkpoints/\(file)")
        for length in 0..<bytes.count {
            #expect(throws: ImportError.self, "\(length) bytes") { try read(bytes[..<length]) }
        }
    }

    /// Numbers of one to eight bytes, as large or small as they can be.
    private static let lies: [[UInt8]] = [
        [0], [0xFF], [0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
        [UInt8](repeating: 0xFF, count: 8),
    ]

    /// How many of the files are refused that have one of the lies at one of the places: lengths, counts and offsets are
    /// among what they replace.
    private func refusals(of bytes: [UInt8], by read: ([UInt8]) throws(ImportError) -> Void) -> Int {
        var refused = 0
        for place in bytes.indices {
            for lie in Self.lies where place + lie.count <= bytes.count {
                var changed = bytes
                changed.replaceSubrange(place..<place + lie.count, with: lie)
                do { try read(changed) } catch { refused += 1 }
            }
        }
        return refused
    }

    @Test(arguments: checkpoints)
    func fileThatLiesAnywhereNeverTraps(file: String) throws {
        let bytes = try Fixture.bytes("checkpoints/\(file)")
        let refused = refusals(of: bytes) { changed throws(ImportError) in _ = try read(changed) }
        #expect(refused > bytes.count)
    }

    /// Cut anywhere, or with a lie anywhere.
    @Test(arguments: ["dynamic", "ends_in_convolution", "ends_in_map", "ends_in_vector", "external", "shapes"])
    func graphThatLiesAnywhereNeverTraps(file: String) throws {
        let bytes = try Fixture.bytes("onnx/\(file).onnx")
        func read(_ bytes: [UInt8]) throws(ImportError) {
            _ = try? describeONNX(MappedFile(bytes: bytes))
            _ = try readONNX(MappedFile(bytes: bytes), folder: Fixture.url("onnx").path, side: 16)
        }
        for length in bytes.indices { _ = try? read(Array(bytes[..<length])) }
        let refused = refusals(of: bytes) { changed throws(ImportError) in try read(changed) }
        #expect(refused > bytes.count)
    }

    @Test(arguments: checkpoints)
    func changedFilesNeverTrap(file: String) throws {
        let bytes = try Fixture.bytes("checkpoints/\(file)")
        var random = SeededGenerator(seed: 2)
        var refused = 0
        for _ in 0..<2000 {
            do { _ = try read(random.mutated(bytes)) } catch { refused += 1 }
        }
        // Many changes hit a weight, a memo index that nobody reads, or padding, and leave a sound file.
        #expect(refused > 400)
    }

    /// A canonical file with a network of its own, as the daemon reads it.
    @Test func changedBackboneNeverTraps() throws {
        let bytes = try Fixture.bytes("checkpoints/backbone.safetensors")
        func open(_ bytes: [UInt8]) throws -> Backbone {
            let file = try SafetensorsFile(MappedFile(bytes: bytes))
            try? file.verifyFingerprint()
            return try Backbone(file: file)
        }
        #expect(try open(bytes).featureCount == 2)
        var random = SeededGenerator(seed: 3)
        var opened = 0
        for _ in 0..<2000 where (try? open(random.mutated(bytes))) != nil { opened += 1 }
        for place in bytes.indices {
            // One more digit, or one that counts differently: most of the header's numbers are of a graph.
            for digit in UInt8(ascii: "0")...UInt8(ascii: "9") {
                var changed = bytes
                changed[place] = digit
                if (try? open(changed)) != nil { opened += 1 }
            }
        }
        #expect(opened > 0)
    }

    /// The inputs that deploy/fuzz keeps: each is read as its target reads it.
    @Test func whatOnceDidHarmDoesNoMore() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Fixture.url("fuzz").path)
            .filter { $0 != "README.md" && $0 != "make.py" }
        #expect(files.count >= 3)
        for name in files {
            let file = MappedFile(bytes: try Fixture.bytes("fuzz/\(name)"))
            if name.hasPrefix("onnx-") {
                _ = try? readONNX(file, folder: "/nonexistent", side: 32)
            } else {
                _ = try? readStateDict(file)
            }
            if name.hasPrefix("backbone-") { _ = try? Backbone(file: SafetensorsFile(file)) }
        }
        let accents = try read(try Fixture.bytes("fuzz/safetensors-accents"))
        #expect(accents.names == ["\u{301}", "\u{302}"])
    }
}
