import Foundation
import GraftCheckpoint
import GraftImport
import TestSupport
import Testing

/// Files that are no longer what an exporter wrote.
@Suite struct ONNXDamageTests {
    private func read(_ bytes: some Sequence<UInt8>, side: Int = 16) throws(ImportError) -> ONNXNetwork {
        try readONNX(MappedFile(bytes: [UInt8](bytes)), folder: Fixture.url("onnx").path, side: side)
    }

    /// The version of the operators is the last field, so that no cut leaves a whole file.
    @Test(arguments: ["ends_in_map", "shapes", "external"])
    func fileCutAnywhereIsRefused(name: String) throws {
        let bytes = try Fixture.bytes("onnx/\(name).onnx")
        for length in 0..<bytes.count {
            #expect(throws: ImportError.self, "\(length) bytes") { try read(bytes[..<length]) }
        }
    }

    @Test(arguments: ["arithmetic", "shapes", "types", "pooling", "sums", "version7", "external"])
    func changedFilesNeverTrap(name: String) throws {
        let bytes = try Fixture.bytes("onnx/\(name).onnx")
        let side = try #require(try RecordedFeatures.read()[name]).side
        var random = SeededGenerator(seed: 4)
        var refused = 0
        for _ in 0..<3000 {
            do {
                let network = try read(random.mutated(bytes), side: side)
                try expectRunnable(network)
            } catch is ImportError {
                refused += 1
            }
        }
        // Many changes hit a weight, or a name that nobody reads, and leave a sound file.
        #expect(refused > 300)
    }

    @Test(arguments: [
        // A field longer than the file, one longer than its message, a group, number 0, and a varint that never ends.
        [0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0x3A, 0x04, 0x0A, 0x08, 0, 0], [0x3B, 0x3C], [0x02, 0],
        [0x08] + [UInt8](repeating: 0x80, count: 11), [0x08] + [UInt8](repeating: 0xFF, count: 9) + [0x7F],
        // Wire types 6 and 7 do not exist; a length of 2^63 must not become negative.
        [0x3E], [0x3F], [0x3A] + [UInt8](repeating: 0x80, count: 9) + [1],
    ])
    func malformedMessageIsRefused(bytes: [UInt8]) {
        #expect(throws: ImportError.self) { try read([0x08, 8] + bytes) }
    }

    @Test func unknownFieldsAreSkipped() throws {
        let bytes = try Fixture.bytes("onnx/ends_in_map.onnx")
        let unknown =
            Message(
                .integer(500, 1), .text(501, "?"), .message(502, Message(.integer(1, 1)))
            ).bytes + [0xF9, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0, 0xFD, 0x3F, 0, 0, 0, 0]
        #expect(try read(unknown + bytes + unknown).weights == (try read(bytes).weights))
    }

    /// Messages inside of messages are only entered where the format has them.
    @Test func deepNestingIsNotFollowed() {
        var nested = Message(.integer(1, 1))
        for number in [6, 1, 5, 7] { for _ in 0..<2000 { nested = Message(.message(number, nested)) } }
        #expect(throws: ImportError.self) { try read(nested.bytes) }
    }

    // MARK: - Tensors

    @Test(arguments: [[4], [3, 3, 3], [-81], [1 << 62, 4], [0, 1 << 62], [Int64](repeating: 3, count: 17)])
    func shapeThatTheBytesDoNotFillIsRefused(shape: [Int64]) {
        var graph = GraphBuilder()
        graph.initializers.append(GraphBuilder.tensor("w", shape, raw: [UInt8](repeating: 0, count: 4 * 81)))
        graph.node("Conv", ["image", "w"], ["y"])
        #expect(throws: ImportError.self) { try graph.read() }
    }

    @Test func weightsThatAreNoNumbersAreNamed() throws {
        for value in [Float.nan, .infinity] {
            var graph = GraphBuilder()
            graph.floats("w", [3, 3, 3, 3], value)
            graph.node("Conv", ["image", "w"], ["y"])
            let error = #expect(throws: ImportError.self) { try graph.read() }
            guard case .badTensor("w", _) = error else { throw error! }
        }
    }

    /// Their square root would be no number, and no JSON.
    @Test(arguments: [(Float(1), Float.nan), (1, -1), (1, .infinity), (-1, 0.5), (0, 0)])
    func normalizationByNothingIsRefused(variance: Float, epsilon: Float) {
        var graph = GraphBuilder()
        graph.convolution("image", "a")
        graph.floats("one", [3], 1)
        graph.floats("variance", [3], variance)
        graph.node(
            "BatchNormalization", ["a", "one", "one", "one", "variance"], ["y"],
            [GraphBuilder.attribute("epsilon", real: epsilon)])
        #expect(throws: ImportError.self) { try graph.read() }
    }

    @Test(arguments: [(4, "U16"), (8, "STRING"), (14, "COMPLEX64"), (17, "FLOAT8E4M3FN"), (99, "99")])
    func otherElementTypeIsNamed(type: Int64, name: String) throws {
        var graph = GraphBuilder()
        graph.initializers.append(GraphBuilder.tensor("w", [3, 3, 3, 3], type: type, raw: [0, 0]))
        graph.node("Conv", ["image", "w"], ["y"])
        let error = #expect(throws: ImportError.self) { try graph.read() }
        #expect("\(error!)".contains(name), "\(error!)")
    }

    // MARK: - External data

    private func external(_ entries: [(String, String)], in folder: URL) throws -> ImportError? {
        var graph = GraphBuilder()
        let fields = entries.map { Message.Field.message(13, Message(.text(1, $0), .text(2, $1))) }
        graph.initializers.append(
            Message([3, 3, 3, 3].map { .integer(1, $0) } + [.integer(2, 1), .text(8, "w"), .integer(14, 1)] + fields))
        graph.node("Conv", ["image", "w"], ["y"])
        do throws(ImportError) {
            _ = try graph.read(folder: folder.path)
            return nil
        } catch {
            return error
        }
    }

    @Test func externalDataStaysInItsFolder() throws {
        let folder = try TemporaryFolder()
        let inner = folder.file("inner")
        try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
        let zeros = Data(repeating: 0, count: 400)
        try zeros.write(to: folder.file("secret"))
        try zeros.write(to: inner.appending(path: "weights"))
        try FileManager.default.createSymbolicLink(
            at: inner.appending(path: "link"), withDestinationURL: folder.file("secret"))
        try FileManager.default.createSymbolicLink(
            at: inner.appending(path: "folder"), withDestinationURL: folder.url)
        try FileManager.default.createSymbolicLink(
            at: inner.appending(path: "alias"), withDestinationURL: inner.appending(path: "weights"))

        #expect(try external([("location", "weights")], in: inner) == nil)
        #expect(try external([("location", "alias"), ("offset", "76"), ("length", "324")], in: inner) == nil)
        for location in [
            "../secret", "..", "", "/etc/passwd", folder.file("secret").path, "link", "folder/secret", "./../secret",
            "a//b", "weights/../../secret",
        ] {
            let error = try #require(try external([("location", location)], in: inner), "\(location)")
            guard case .badTensor("w", _) = error else {
                Issue.record("\(location): \(error)")
                continue
            }
        }
        for entries in [
            [("location", "weights"), ("offset", "77")], [("location", "weights"), ("length", "325")],
            [("location", "weights"), ("offset", "9223372036854775807")], [("location", "weights"), ("offset", "-4")],
            [("location", "weights"), ("length", "x")], [("location", "absent")], [("offset", "0")],
        ] {
            #expect(try external(entries, in: inner) != nil, "\(entries)")
        }
    }
}
