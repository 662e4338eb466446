import Glibc

/// Zeroed storage of 32-bit floats with one owner, aligned to a cache line and lent as spans.
///
/// The alignment of 64 bytes is what the widest vector loads of `CKernels` want.
package struct TensorBuffer: ~Copyable, @unchecked Sendable {
    // Sendable: the storage is reachable only through this value, which is never copied.
    private let storage: UnsafeMutableBufferPointer<Float>

    /// Bytes.
    private static let hugePage = 2 << 20

    /// The number of floats.
    package var count: Int { storage.count }

    /// - Parameter count: Floats; may be 0.
    package init(count: Int) {
        precondition(count >= 0)
        let byteCount = max(count, 1) * MemoryLayout<Float>.stride
        let isLarge = byteCount >= Self.hugePage
        let bytes = UnsafeMutableRawPointer.allocate(
            byteCount: byteCount, alignment: isLarge ? Self.hugePage : 64)
        // Weights are walked through from end to end: with small pages, a processor's table of them is too short.
        if isLarge { madvise(bytes, byteCount / Self.hugePage * Self.hugePage, MADV_HUGEPAGE) }
        let floats = bytes.bindMemory(to: Float.self, capacity: count)
        floats.initialize(repeating: 0, count: count)
        storage = UnsafeMutableBufferPointer(start: floats, count: count)
    }

    /// A buffer that holds `elements`.
    package init(_ elements: [Float]) {
        self.init(count: elements.count)
        for i in elements.indices { storage[i] = elements[i] }
    }

    deinit { UnsafeMutableRawPointer(storage.baseAddress!).deallocate() }

    package func withSpan<R, E: Error>(_ body: (Span<Float>) throws(E) -> R) throws(E) -> R {
        try body(UnsafeBufferPointer(storage).span)
    }

    package mutating func withMutableSpan<R, E: Error>(_ body: (inout MutableSpan<Float>) throws(E) -> R) throws(E) -> R
    {
        var span = storage.mutableSpan
        return try body(&span)
    }

    /// For a call into C that reads.
    package func withUnsafePointer<R, E: Error>(_ body: (UnsafePointer<Float>) throws(E) -> R) throws(E) -> R {
        try body(UnsafePointer(storage.baseAddress!))
    }

    /// For a call into C that writes.
    package mutating func withUnsafeMutablePointer<R, E: Error>(
        _ body: (UnsafeMutablePointer<Float>) throws(E) -> R
    ) throws(E) -> R {
        try body(storage.baseAddress!)
    }
}
