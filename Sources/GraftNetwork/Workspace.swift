import GraftTensor
import Synchronization

/// The memory of one forward pass at a time: one per compute thread.
package final class Workspace: Sendable {
    private let arena: Mutex<TensorBuffer>

    init(count: Int) { arena = Mutex(TensorBuffer(count: count)) }

    /// Lends the arena.
    ///
    /// - Precondition: no other thread has it; threads that wait for each other here would mean that
    ///   they were given the same workspace by mistake.
    func withArena<R: Sendable>(_ body: (UnsafeMutablePointer<Float>) -> R) -> R {
        let result = arena.withLockIfAvailable { arena in arena.withUnsafeMutablePointer(body) }
        guard let result else { preconditionFailure("a workspace serves one forward pass at a time") }
        return result
    }
}
