import Foundation
import GraftCheckpoint
import TestSupport
import Testing

@Suite struct SafetensorsWriterTests {
    private static let tensors: StateDict = [
        "flags": StateTensor(shape: [3], elementType: .bool, bytes: [1, 0, 1]),
        "head.weight": StateTensor(shape: [2, 3], floats: [1, -2, 3.5, 0, .leastNonzeroMagnitude, 1e30]),
        "half": StateTensor(shape: [1], elementType: .f16, bytes: [0, 0x3C]),
        "labels": StateTensor(shape: [2], integers: [Int64.min, 1 << 60]),
        "empty": StateTensor(shape: [0, 4], floats: []),
        "scalar": StateTensor(shape: [], floats: [7]),
        "quote \" backslash \\ newline \n é 🎉": StateTensor(shape: [1], floats: [1]),
    ]
    private static let metadata = ["key": "value", "json": "{\"a\":\"\\u0001\"}", "control": "\u{1}\u{1F}"]

    private let folder: TemporaryFolder
    private var path: String { folder.file("a.safetensors").path }

    init() throws { folder = try TemporaryFolder() }

    @Test func whatWasWrittenIsRead() throws {
        try SafetensorsWriter.write(Self.tensors, metadata: Self.metadata, to: path)
        let file = try SafetensorsFile(path: path)
        #expect(file.metadata == Self.metadata)
        let read = file.stateDict()
        #expect(read.names.sorted() == Self.tensors.names.sorted())
        for name in Self.tensors.names { #expect(read[name] == Self.tensors[name], "\(name)") }
        #expect(try file.shape(of: "head.weight") == [2, 3])
        #expect(try file.floats("head.weight", shape: [2, 3]) == [1, -2, 3.5, 0, .leastNonzeroMagnitude, 1e30])
        #expect(try file.integers("labels", shape: [2]) == [Int64.min, 1 << 60])
        #expect(try file.floats("half", shape: [1]) == [1])
        #expect(try file.withFloats("scalar", shape: []) { $0[0] } == 7)
        #expect(try file.withFloats("half", shape: [1]) { $0[0] } == 1)
        #expect(try file.withFloats("empty", shape: [0, 4]) { $0.count } == 0)
    }

    @Test func readersSayWhatDoesNotFit() throws {
        try SafetensorsWriter.write(Self.tensors, to: path)
        let file = try SafetensorsFile(path: path)
        #expect(throws: CheckpointError.missingTensor(name: "bias")) { try file.floats("bias", shape: [2]) }
        #expect(throws: CheckpointError.missingTensor(name: "bias")) { try file.shape(of: "bias") }
        #expect(throws: CheckpointError.shapeMismatch(name: "labels", expected: [3], found: [2])) {
            try file.integers("labels", shape: [3])
        }
        #expect(throws: CheckpointError.wrongElementType(name: "scalar", expected: "integers", found: .f32)) {
            try file.integers("scalar", shape: [])
        }
    }

    @Test func dataStartsAlignedAndEveryTensorIsAlignedToItsElements() throws {
        try SafetensorsWriter.write(Self.tensors, metadata: Self.metadata, to: path)
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        let length = bytes[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        #expect((8 + length) % SafetensorsWriter.alignment == 0)
        let file = try SafetensorsFile(path: path)
        let read = file.stateDict()
        var offset = 8 + length
        for name in file.names {
            #expect(offset % read[name]!.elementType.byteCount == 0, "\(name)")
            offset += read[name]!.bytes.count
        }
        #expect(offset == bytes.count)
    }

    @Test func sameTensorsGiveTheSameBytes() throws {
        let other = folder.file("b.safetensors").path
        try SafetensorsWriter.write(Self.tensors, metadata: Self.metadata, to: path)
        try SafetensorsWriter.write(Self.tensors, metadata: Self.metadata, to: other)
        #expect(FileManager.default.contentsEqual(atPath: path, andPath: other))
    }

    @Test func fileIsReplacedAndNothingElseIsLeft() throws {
        try SafetensorsWriter.write(["old": StateTensor(shape: [1], floats: [1])], to: path)
        let old = try SafetensorsFile(path: path)
        try SafetensorsWriter.write(Self.tensors, to: path)
        #expect(try old.floats("old", shape: [1]) == [1], "a mapped file keeps what it was opened with")
        #expect(try SafetensorsFile(path: path).names.contains("labels"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["a.safetensors"])
    }

    @Test func failedWriteLeavesTheFolderAsItWas() throws {
        // A folder in the file's place lets the writing succeed and the renaming fail.
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(throws: CheckpointError.system(operation: "replace", path: path, code: EISDIR)) {
            try SafetensorsWriter.write(Self.tensors, to: path)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["a.safetensors"])
    }

    @Test func aFileIsWrittenTensorByTensor() throws {
        let layout = try SafetensorsLayout([
            .init("b", shape: [2]), .init("n", elementType: .i64, shape: []), .init("a", shape: [1, 1]),
        ])
        var asked: [String] = []
        try SafetensorsWriter.write(layout, to: path) { tensor throws(CheckpointError) in
            asked.append(tensor.name)
            return tensor.elementType == .i64
                ? StateTensor(shape: [], integers: [5]).bytes
                : StateTensor(shape: tensor.shape, floats: [Float](repeating: 1, count: tensor.shape[0])).bytes
        }
        #expect(asked == ["n", "b", "a"], "wide elements first, then as they came")
        let file = try SafetensorsFile(path: path)
        #expect(file.byteCount == layout.byteCount)
        #expect(file.tensors == layout.tensors)
        #expect(file.storedBytes("b", from: 4, count: 100) == [0, 0, 0x80, 0x3F])
        #expect(file.storedBytes("b", from: 8, count: 100).isEmpty)
        #expect(try file.integers("n", shape: []) == [5])
    }

    @Test func moreThanAReaderTakesIsRefused() {
        #expect(throws: CheckpointError.self) {
            try SafetensorsLayout([], metadata: ["key": String(repeating: "x", count: SafetensorsHeader.byteLimit)])
        }
        for shape in [[1 << 40, 1 << 40], [SafetensorsFile.byteLimit / 4 + 1]] {
            #expect(throws: CheckpointError.self) { try SafetensorsLayout([.init("a", shape: shape)]) }
        }
    }

    @Test func missingFolderIsNamed() {
        let error = #expect(throws: CheckpointError.self) {
            try SafetensorsWriter.write(Self.tensors, to: folder.file("no/such/a.safetensors").path)
        }
        #expect("\(error!)".contains("no/such"))
        #expect("\(error!)".contains("No such file or directory"))
    }

    /// Written by the reference implementation; see the fixture's script.
    @Test func fileOfTheReferenceImplementationIsRead() throws {
        let file = try SafetensorsFile(path: Fixture.url("checkpoints/types.safetensors").path)
        #expect(file.metadata == ["made by": "make.py, \"é\"\n"])
        #expect(try file.integers("i64", shape: [3]) == [-(1 << 62) - 1, 0, 7])
        #expect(try file.integers("bool", shape: [3]) == [1, 0, 1])
        #expect(try file.floats("f32", shape: [3]) == [1 / 3, Float(-1e-40 as Double), 65504])
        #expect(try file.floats("f64", shape: [3]) == [1 / 3, -.infinity, 2])
    }
}
