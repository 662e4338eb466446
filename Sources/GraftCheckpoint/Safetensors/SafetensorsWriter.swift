/// Writes safetensors files.
package enum SafetensorsWriter {
    /// The tensors' bytes start at a multiple of this: what the widest vector loads want.
    package static let alignment = 64

    /// Writes `tensors` and `metadata` to `path`, all or nothing: a reader sees the old file or the whole new one, also
    /// after a power cut. The same arguments give the same bytes.
    ///
    /// - Throws: `system` for what the disk or its permissions refuse; `tooLarge` for more than a reader takes.
    /// - Precondition: no tensor is called `__metadata__`.
    package static func write(
        _ tensors: StateDict, metadata: [String: String] = [:], to path: String
    ) throws(CheckpointError) {
        let layout = try SafetensorsLayout(
            tensors.names.map { name in
                let tensor = tensors[name]!
                return .init(name, elementType: tensor.elementType, shape: tensor.shape)
            }, metadata: metadata)
        try write(layout, to: path) { tensor throws(CheckpointError) in tensors[tensor.name]!.bytes }
    }

    /// Writes the file that `layout` describes, with no more than one tensor in memory: `bytes` gives those of each, as
    /// they are stored. All or nothing, as above.
    ///
    /// - Throws: what `bytes` throws, or `system`.
    /// - Precondition: `bytes` gives as many as shape and type ask for.
    package static func write(
        _ layout: SafetensorsLayout, to path: String,
        bytes: (SafetensorsLayout.Tensor) throws(CheckpointError) -> [UInt8]
    ) throws(CheckpointError) {
        let file = try ReplacementFile(path: path)
        try file.write(layout.head)
        for tensor in layout.tensors {
            let elements = try bytes(tensor)
            precondition(elements.count == byteCount(shape: tensor.shape, elementType: tensor.elementType))
            try file.write(elements)
        }
        try file.publish()
    }
}
