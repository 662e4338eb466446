import CSystemd
import Glibc

/// The journal of systemd, which keeps messages with fields of their own.
package enum Journal {
    /// Whether the journal reads our standard error, which then is a detour for messages (systemd.exec(5), `JOURNAL_STREAM`).
    package static func readsStandardError(_ stream: String? = getenv("JOURNAL_STREAM").map { String(cString: $0) })
        -> Bool
    {
        let numbers = (stream ?? "").split(separator: ":").map { UInt64($0) }
        var status = stat()
        guard numbers.count == 2, fstat(STDERR_FILENO, &status) == 0 else { return false }
        return numbers[0] == UInt64(status.st_dev) && numbers[1] == UInt64(status.st_ino)
    }

    /// Hands over one message, `fields` as they are named in the journal; returns whether it was taken.
    static func send(_ fields: [(name: String, value: String)]) -> Bool {
        let lines = fields.map { Array("\($0.name)=\($0.value)".utf8) }
        // One buffer for all, because the vector points into it for as long as the call lasts.
        var bytes: [UInt8] = []
        for line in lines { bytes += line }
        return bytes.withUnsafeMutableBytes { buffer in
            var offset = 0
            let vector = lines.map { line in
                defer { offset += line.count }
                return iovec(iov_base: buffer.baseAddress.map { $0 + offset }, iov_len: line.count)
            }
            return sd_journal_sendv(vector, Int32(vector.count)) == 0
        }
    }
}
