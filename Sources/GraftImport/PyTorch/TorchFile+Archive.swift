import GraftCheckpoint

// The zip form, which torch.save writes since version 1.6: an archive of stored entries in one folder, `data.pkl` and a
// `data/KEY` for each storage.

extension TorchFile {
    init(archive file: MappedFile) throws(ImportError) {
        let archive = try ZipArchive(file)
        let names = archive.names
        let pickles = names.filter { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }
        guard pickles.count == 1 else { throw .unsupportedFormat(found: Self.kind(ofArchiveWith: names)) }
        let folder = String(pickles[0].dropLast("data.pkl".count))
        guard !names.contains("\(folder)constants.pkl") else {
            throw .unsupportedFormat(
                found: "a TorchScript archive, which is code; save torch.jit.load(path).state_dict() instead")
        }
        if let name = names.first(where: archive.isCompressed) {
            throw .unsupportedFormat(
                found: "a zip archive in which '\(name)' is compressed, as torch.save never does; "
                    + "unpack it and archive it again by 'zip -0'")
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
            let length = storage.byteCount
            guard place.count == length else {
                throw .malformed(detail: "storage '\(key)' has \(place.count) bytes, expected \(length)")
            }
            storages[key] = place
        }
        self.file = file
        self.storages = storages
        heap = machine.heap
    }

    /// What a zip archive is that torch.save did not make.
    private static func kind(ofArchiveWith names: [String]) -> String {
        func has(_ endings: String...) -> String? { names.first { name in endings.contains { name.hasSuffix($0) } } }
        if has("models/model.json", "serialized_exported_program.json") != nil {
            return "a program of torch.export, which is code; save its state_dict instead"
        }
        if has(".npy") != nil { return "an archive of NumPy arrays" }
        if let inner = has(".pth", ".pt", ".bin", ".safetensors", ".onnx", ".h5") {
            return "a zip archive with '\(inner)' in it; unpack it first"
        }
        return "a zip archive without torch's 'data.pkl'"
    }
}
