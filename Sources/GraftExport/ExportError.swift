import GraftCheckpoint

/// Why a version cannot be written in another format.
package enum ExportError: Error, Equatable, Sendable {
    /// What the daemon sent cannot be read, or the file not written.
    case checkpoint(CheckpointError)
    /// `detail` says why the network is not one that this version can run.
    case unusableNetwork(detail: String)
    /// The labels' names and the head's rows do not pair up.
    case labelCount(names: Int, rows: Int)
    /// Two tensors would have the name `name`.
    case sameName(String)
    /// The network ends in no vector of features; `found` is `[H, W, C]`.
    case notAVector(found: [Int])
    case tooLarge(byteCount: Int, limit: Int)
}

extension ExportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .checkpoint(let error): error.description
        case .unusableNetwork(let detail):
            "\(detail); are graftctl and the daemon of the same version?"
        case .labelCount(let names, let rows): "what the daemon sent names \(names) labels and has weights of \(rows)"
        case .sameName(let name): "two tensors of the network would be called '\(name)'; export it as ONNX instead"
        case .notAVector(let found): "the network ends in \(found), expected one number for each feature"
        case .tooLarge(let byteCount, let limit):
            "the ONNX file would have \(byteCount) bytes, over the limit of \(limit); export it as safetensors instead"
        }
    }
}

/// What `body` returns; the checkpoint's errors that it throws, as the export's.
func checkpoint<R>(_ body: () throws(CheckpointError) -> R) throws(ExportError) -> R {
    do throws(CheckpointError) { return try body() } catch { throw .checkpoint(error) }
}
