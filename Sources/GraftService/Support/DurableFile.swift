import Foundation
import Glibc
import GraftAPI

/// Renames that survive a power cut.
enum DurableFile {
    /// Moves a file that has been synchronised to `destination`, replacing what is there, and synchronises the folder.
    static func move(_ path: String, to destination: String) throws {
        guard rename(path, destination) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        let folder = open(
            URL(filePath: destination).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }
}

extension Problem {
    /// A file that could not be written.
    init(writing error: any Error, to path: String) {
        var cause = error as NSError
        while let underlying = cause.userInfo[NSUnderlyingErrorKey] as? NSError { cause = underlying }
        switch cause.domain == NSPOSIXErrorDomain ? POSIXErrorCode(rawValue: Int32(cause.code)) : nil {
        case .ENOSPC?, .EDQUOT?:
            self.init(.storeFull, detail: "the disk of \(path) is full: free some space and try again")
        case .EACCES?, .EROFS?, .EPERM?:
            self.init(.storeFailed, detail: "\(path) cannot be written: it must belong to the service's user")
        default:
            self.init(.storeFailed, detail: "\(path) cannot be written: \(error)")
        }
    }
}
