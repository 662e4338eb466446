import CHDF5
import Glibc
import GraftCheckpoint

/// A child process that reads an HDF5 file, as the bytes that it sends; see `CHDF5.h`.
struct HDF5Process: ~Copyable {
    private let process: pid_t
    private let pipe: UnsafeMutablePointer<FILE>
    private let seconds: UInt64
    private var isGone = false

    /// - Parameters:
    ///   - range: Where in `file` the HDF5 file is.
    ///   - wantsElements: Whether the elements of the datasets follow their shapes.
    init(
        _ file: MappedFile, range: Range<Int>, limits: graft_hdf5_limits, wantsElements: Bool
    ) throws(ImportError) {
        var (child, limits) = (graft_hdf5_child(), limits)
        let code = file.withBytes(in: range) { bytes in
            bytes.withUnsafeBytes { bytes in
                graft_hdf5_start(bytes.baseAddress, bytes.count, &limits, wantsElements ? 1 : 0, &child)
            }
        }
        guard code == 0, let pipe = fdopen(child.descriptor, "r") else {
            throw .checkpoint(.system(operation: "start", path: "a process that reads HDF5", code: code))
        }
        process = child.process
        self.pipe = pipe
        seconds = limits.seconds
    }

    /// Ends the process.
    deinit {
        fclose(pipe)
        guard !isGone else { return }
        kill(process, SIGKILL)
        _ = graft_hdf5_wait(process)
    }

    /// The next `count` bytes.
    ///
    /// - Throws: `malformed` with the reason if the process ends before it sends them.
    mutating func take(_ count: Int) throws(ImportError) -> [UInt8] {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
            while initialized < count {
                let read = fread(bytes.baseAddress! + initialized, 1, count - initialized, pipe)
                initialized += read
                if read == 0 {
                    guard ferror(pipe) != 0, errno == EINTR else { break }
                    clearerr(pipe)
                }
            }
        }
        guard bytes.count == count else { throw .malformed(detail: end()) }
        return bytes
    }

    /// Skips the next `count` bytes.
    mutating func skip(_ count: Int) throws(ImportError) {
        var rest = count
        while rest > 0 { rest -= try take(min(rest, 1 << 16)).count }
    }

    /// Why the process ended before it had sent everything.
    private mutating func end() -> String {
        isGone = true
        return switch graft_hdf5_wait(process) {
        case 0: "reading it as HDF5 ended early"
        case SIGXCPU, SIGALRM: "reading it as HDF5 took more than the \(seconds) seconds that its length allows"
        case let signal: "reading it as HDF5 ended by signal \(signal)"
        }
    }
}
