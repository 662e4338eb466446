import Glibc

/// Why a checkpoint cannot be read, written or trusted.
package enum CheckpointError: Error, Equatable, Sendable {
    case missingTensor(name: String)
    case shapeMismatch(name: String, expected: [Int], found: [Int])
    /// `expected` says which types would do.
    case wrongElementType(name: String, expected: String, found: ElementType)
    /// Bytes that the file should have, and those it has.
    case truncated(expected: Int, found: Int)
    case malformed(detail: String)
    /// A size in the file is over the limit for `what`.
    case tooLarge(what: String, found: Int, limit: Int)
    case missingMetadata(key: String)
    case unknownFormat(expected: String, found: String)
    case fingerprintMismatch(expected: String, found: String)
    /// A call to the operating system failed with `code`, an `errno`.
    case system(operation: String, path: String, code: Int32)
}

extension CheckpointError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missingTensor(let name):
            "the checkpoint holds no tensor '\(name)'"
        case .shapeMismatch(let name, let expected, let found):
            "tensor '\(name)' has shape \(found), expected \(expected)"
        case .wrongElementType(let name, let expected, let found):
            "tensor '\(name)' holds \(found.rawValue), expected \(expected)"
        case .truncated(let expected, let found):
            "the file is cut short: expected \(expected) bytes, found \(found); copy or download it again"
        case .malformed(let detail):
            "the file is damaged: \(detail)"
        case .tooLarge(let what, let found, let limit):
            "\(what) is \(found), over the limit of \(limit)"
        case .missingMetadata(let key):
            "the file is no backbone of graftd: its metadata lacks '\(key)'; make one with `graftctl backbone import`"
        case .unknownFormat(let expected, let found):
            "the file's format is '\(found)', expected '\(expected)'; make it again with `graftctl backbone import`"
        case .fingerprintMismatch(let expected, let found):
            "the file's content was changed: its fingerprint is \(found), expected \(expected); import it again"
        case .system(let operation, let path, let code):
            "cannot \(operation) \(path): \(String(cString: strerror(code)))"
        }
    }
}
