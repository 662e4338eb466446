import GraftCheckpoint
import GraftImport
import Testing

/// Archives written by hand, around a `data.pkl` that holds one tensor.
@Suite struct ZipArchiveTests {
    private struct Entry {
        var name: String
        var bytes: [UInt8]
        var method: UInt16 = 0
        var flags: UInt16 = 0
        /// What the directory says instead of the truth.
        var length: UInt32?
        var unpackedLength: UInt32?
        var place: UInt32?
    }

    private func little<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    private func archive(_ entries: [Entry], count: UInt16? = nil, comment: [UInt8] = []) -> [UInt8] {
        var file: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let lengths =
                little(entry.length ?? UInt32(entry.bytes.count))
                + little(entry.unpackedLength ?? entry.length ?? UInt32(entry.bytes.count))
            let common =
                little(entry.flags) + little(entry.method) + [UInt8](repeating: 0, count: 8) + lengths
                + little(UInt16(entry.name.utf8.count)) + little(UInt16(0))
            directory +=
                little(UInt32(0x0201_4B50)) + little(UInt32(0)) + common + [UInt8](repeating: 0, count: 10)
                + little(entry.place ?? UInt32(file.count)) + Array(entry.name.utf8)
            file += little(UInt32(0x0403_4B50)) + little(UInt16(0)) + common + Array(entry.name.utf8) + entry.bytes
        }
        return file + directory + little(UInt32(0x0605_4B50)) + little(UInt32(0))
            + little(count ?? UInt16(entries.count)) + little(count ?? UInt16(entries.count))
            + little(UInt32(directory.count)) + little(UInt32(file.count)) + little(UInt16(comment.count)) + comment
    }

    /// `{'w': tensor of one float}`, whose storage is called '0'.
    private let pickle: [UInt8] = {
        func text(_ text: String) -> [UInt8] { [0x8C, UInt8(text.utf8.count)] + Array(text.utf8) }
        let storage =
            [0x28] + text("storage") + Array("ctorch\nFloatStorage\n".utf8) + text("0") + text("cpu") + [
                0x4B, 1, 0x74, 0x51,
            ]
        return [0x80, 2, 0x7D] + text("w") + Array("ctorch._utils\n_rebuild_tensor_v2\n".utf8) + [0x28] + storage
            + [0x4B, 0, 0x4B, 1, 0x85, 0x4B, 1, 0x85, 0x74, 0x52, 0x73, 0x2E]
    }()

    private var sound: [Entry] {
        [Entry(name: "a/data.pkl", bytes: pickle), Entry(name: "a/data/0", bytes: [0, 0, 0x80, 0x3F])]
    }

    private func read(_ bytes: [UInt8]) throws(ImportError) -> StateDict { try readStateDict(MappedFile(bytes: bytes)) }

    @Test func soundArchiveIsRead() throws {
        let expected: StateDict = ["w": StateTensor(shape: [1], floats: [1])]
        #expect(try read(archive(sound)) == expected)
        #expect(try read(archive(sound, comment: Array("made by hand".utf8))) == expected)
        // Without a folder, as torch.save never writes, but others do.
        #expect(
            try read(
                archive([Entry(name: "data.pkl", bytes: pickle), Entry(name: "data/0", bytes: [0, 0, 0x80, 0x3F])]))
                == expected)
    }

    private func refusal(_ bytes: [UInt8]) -> String {
        let error = #expect(throws: ImportError.self) { try read(bytes) }
        return error.map { "\($0)" } ?? ""
    }

    /// Two names for the same bytes, and one entry inside of another: the way of archives that unpack to a thousand times
    /// their length.
    @Test func entriesThatOverlapAreRefused() {
        var twice = sound
        twice.append(Entry(name: "a/data/1", bytes: [], length: 4, place: UInt32(30 + 10 + pickle.count)))
        #expect(refusal(archive(twice)).contains("overlap"))
        var long = sound
        long[0].length = UInt32(pickle.count + 8)
        #expect(refusal(archive(long)).contains("overlap"))
    }

    /// Nothing is unpacked, so what an entry would unpack to is never allocated.
    @Test func compressedEntryIsNamedWhateverItsLength() {
        for length in [0, 1 << 20, UInt32.max - 1] {
            var entries = sound
            entries[1].method = 8
            entries[1].unpackedLength = length
            #expect(refusal(archive(entries)).contains("'a/data/0' is compressed"))
        }
    }

    @Test func encryptedEntryIsRefused() {
        var entries = sound
        entries[0].flags = 1
        #expect(refusal(archive(entries)).contains("encrypted"))
    }

    @Test(arguments: [3, 5, UInt32.max - 1])
    func storageOfAnotherLengthIsRefused(length: UInt32) {
        var entries = sound
        entries[1].length = length
        _ = refusal(archive(entries))
    }

    @Test(arguments: [0, 1, 3, UInt16.max])
    func directoryOfAnotherCountIsRefused(count: UInt16) { _ = refusal(archive(sound, count: count)) }

    @Test(arguments: [1, 60, 1 << 20, UInt32.max - 1])
    func entryThatStartsElsewhereIsRefused(place: UInt32) {
        var entries = sound
        entries[1].place = place
        _ = refusal(archive(entries))
    }

    @Test func nameThatComesTwiceIsRefused() {
        #expect(refusal(archive(sound + [Entry(name: "a/data/0", bytes: [])])).contains("twice"))
    }

    @Test func twoPicklesAreRefused() {
        _ = refusal(archive(sound + [Entry(name: "b/data.pkl", bytes: pickle)]))
    }

    @Test(arguments: [
        (["x/models/model.json", "x/archive_format"], "torch.export"), (["x.npy"], "NumPy"),
        (["weights/net.pth"], "'weights/net.pth'"), (["a.txt"], "data.pkl"),
        (["a/data.pkl", "a/constants.pkl"], "TorchScript"),
    ])
    func archiveOfSomethingElseIsNamed(names: [String], part: String) {
        #expect(refusal(archive(names.map { Entry(name: $0, bytes: [1]) })).contains(part))
    }
}
