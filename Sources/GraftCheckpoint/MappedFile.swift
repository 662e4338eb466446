import Glibc

/// A file's bytes, mapped read-only: nothing is read before it is looked at, and nothing is copied.
///
/// A file that another process shortens while it is mapped ends this one (SIGBUS); the files of graftd are replaced
/// by renaming, never rewritten.
package final class MappedFile: @unchecked Sendable {
    // Sendable: the mapping is private and read-only, and lives until the value does not.
    private let storage: UnsafeRawBufferPointer
    private let isMapped: Bool

    /// - Throws: `system`, or `tooLarge` for more than `byteLimit` bytes.
    package init(path: String, byteLimit: Int) throws(CheckpointError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(operation: "read", path: path, code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            // A device or pipe has no length to check sizes against.
            throw .system(operation: "read", path: path, code: status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL)
        }
        isMapped = true
        let count = Int(status.st_size)
        guard count <= byteLimit else {
            throw .tooLarge(what: "the file's length in bytes", found: count, limit: byteLimit)
        }
        guard count > 0 else {
            storage = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
            throw .system(operation: "map", path: path, code: errno)
        }
        storage = UnsafeRawBufferPointer(start: address, count: count)
    }

    /// A copy of `bytes`, as if a file held them.
    package init(bytes: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
        copy.copyBytes(from: bytes)
        isMapped = false
        storage = UnsafeRawBufferPointer(copy)
    }

    deinit {
        guard let address = storage.baseAddress else { return }
        if isMapped { munmap(UnsafeMutableRawPointer(mutating: address), storage.count) } else { storage.deallocate() }
    }

    /// The file's length in bytes.
    package var count: Int { storage.count }

    /// - Precondition: `offset` is in the file, as for all below.
    package subscript(offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < storage.count)
        return storage[offset]
    }

    /// The little-endian integer at `offset`.
    package func integer<Integer: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as: Integer.Type) -> Integer {
        precondition(offset >= 0 && offset <= storage.count - MemoryLayout<Integer>.size)
        return Integer(littleEndian: storage.loadUnaligned(fromByteOffset: offset, as: Integer.self))
    }

    /// A copy of the bytes in `range`.
    package func bytes(in range: Range<Int>) -> [UInt8] { withBytes(in: range) { $0.copied() } }

    /// Lends the bytes in `range`.
    package func withBytes<R, E: Error>(in range: Range<Int>, _ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        precondition(range.lowerBound >= 0 && range.upperBound <= storage.count)
        return try body(UnsafeRawBufferPointer(rebasing: storage[range]).bytes)
    }

    /// The SHA-256 of the whole file.
    package func digest() -> SHA256Digest {
        var stream = SHA256Stream()
        withBytes(in: 0..<count) { stream.update($0) }
        return stream.digest()
    }
}
