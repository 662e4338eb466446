import GraftCheckpoint

// The zip form, which torch.save writes since version 1.6: an archive of stored entries in one folder, `data.pkl` and a
// `data/KEY` for each storage.

extension TorchFile {
    init(archive file: MappedFile) throws(ImportError) {
        let archive = try ZipArchive(file)
        let pickles = archive.names.filter { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }
        guard pickles.count == 1 else {
            throw .unsupportedFormat(found: "a zip archive with \(pickles.count) entries 'data.pkl', expected 1")
        }
        let folder = String(pickles[0].dropLast("data.pkl".count))
        guard archive["\(folder)constants.pkl"] == nil else {
            throw .unsupportedFormat(found: "a TorchScript archive, which is code")
        }
        if let order = archive["\(folder)byteorder"], file.bytes(in: order) == Array("big".utf8) { throw .bigEndian }

        var machine = PickleMachine(ByteReader(file, range: archive[pickles[0]]!))
        root = try machine.run()
        var storages: [String: Range<Int>] = [:]
        for (key, storage) in machine.storages {
            guard let place = archive["\(folder)data/\(key)"] else {
                throw .malformed(detail: "storage '\(key)' is not in the archive")
            }
            // No overflow: the machine compared the length with the file's.
            let length = storage.count * storage.elementType.byteCount
            guard place.count == length else {
                throw .malformed(detail: "storage '\(key)' has \(place.count) bytes, expected \(length)")
            }
            storages[key] = place
        }
        self.file = file
        self.storages = storages
        heap = machine.heap
    }
}
