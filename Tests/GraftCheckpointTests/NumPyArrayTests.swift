import Foundation
import GraftCheckpoint
import TestSupport
import Testing

@Suite struct NumPyArrayTests {
    /// A file with `header`, as `numpy.save` lays it out.
    private func file(_ header: String, version: UInt8 = 1, elements: [UInt8] = []) -> MappedFile {
        let text = Array(header.utf8)
        let length: [UInt8] =
            version == 1
            ? [UInt8(text.count & 255), UInt8(text.count >> 8)]
            : withUnsafeBytes(of: UInt32(text.count).littleEndian) { Array($0) }
        return MappedFile(bytes: [0x93] + Array("NUMPY".utf8) + [version, 0] + length + text + elements)
    }

    private static let twoFloats: [UInt8] = [0, 0, 128, 63, 0, 0, 0, 192]

    @Test(
        arguments: [
            (1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", [2]),
            (2, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 1), }   \n", [1, 2, 1]),
            (1, #"{"shape": (2, 1), "fortran_order": False, "descr": "<f4"}"#, [2, 1]),
        ] as [(UInt8, String, [Int])])
    func arraysOfFloatsAreRead(_ version: UInt8, _ header: String, _ shape: [Int]) throws {
        let array = try NumPyArray(file(header, version: version, elements: Self.twoFloats))
        #expect(array == NumPyArray(shape: shape, elements: [1, -2]))
    }

    @Test func aScalarHasNoSides() throws {
        let found = try NumPyArray(
            file("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", elements: [0, 0, 128, 63]))
        #expect(found == NumPyArray(shape: [], elements: [1]))
    }

    @Test(arguments: [
        "", "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }",
        "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,), }",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
        "{'descr': '<f4', 'fortran_order': False}",
    ])
    func whatIsNoSuchArrayIsRefused(_ header: String) {
        #expect(throws: CheckpointError.self) { try NumPyArray(file(header, elements: Self.twoFloats)) }
    }

    @Test func aFileCutAnywhereIsRefused() throws {
        let whole = file("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", elements: Self.twoFloats)
        for count in 0..<whole.count {
            #expect(throws: CheckpointError.self) { try NumPyArray(MappedFile(bytes: whole.bytes(in: 0..<count))) }
        }
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        let path = try TemporaryFolder().file("x.npy").path
        for array in [
            NumPyArray(shape: [2, 3], elements: [1, 2, 3, 4, 5, 6]), NumPyArray(shape: [1], elements: [.infinity]),
            NumPyArray(shape: [0, 4], elements: []),
        ] {
            let folder = try TemporaryFolder()
            try array.write(to: folder.file("x.npy").path)
            #expect(try NumPyArray(path: folder.file("x.npy").path) == array)
            // NumPy wants the elements at a multiple of 64.
            let bytes = try Data(contentsOf: folder.file("x.npy"))
            #expect((bytes.count - array.elements.count * 4) % 64 == 0)
        }
        #expect(throws: CheckpointError.self) { try NumPyArray(path: path) }
    }
}
