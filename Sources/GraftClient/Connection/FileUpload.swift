import Foundation
import NIOCore

/// A file as a sequence of buffers, so that sending it never holds more than one piece in memory.
struct FileUpload: AsyncSequence, Sendable {
    /// How many bytes are sent: the file's length when it was opened.
    let byteCount: Int

    private let file: OpenFile
    private static let pieceLength = 1 << 20

    init(path: String) throws(ClientError) {
        do {
            file = try OpenFile(reading: path)
        } catch {
            throw .unreadableFile(path: path, reason: error.reason)
        }
        byteCount = file.byteCount
    }

    func makeAsyncIterator() -> Iterator { Iterator(file: file, remaining: byteCount) }

    struct Iterator: AsyncIteratorProtocol {
        let file: OpenFile
        var remaining: Int

        /// - Throws: ``ClientError/unreadableFile(path:reason:)``, also where the file became shorter meanwhile.
        mutating func next() async throws -> ByteBuffer? {
            guard remaining > 0 else { return nil }
            do throws(FileError) {
                let piece = try file.read(upTo: Swift.min(remaining, FileUpload.pieceLength))
                guard !piece.isEmpty else { throw FileError(path: file.path, reason: "it became shorter") }
                remaining -= piece.count
                return ByteBuffer(data: piece)
            } catch {
                throw ClientError.unreadableFile(path: file.path, reason: error.reason)
            }
        }
    }
}
