import GraftTensor
import Synchronization

/// The memory of forward passes, as many at a time as there are threads.
package final class Workspaces: Sendable {
    /// By thread: the tensors of the pass that it leads.
    private let passes: [ForwardPass]

    init(_ blocks: PackedBlocks, threads: Int) {
        // Scratch space belongs to a thread, whosever pass it helps with.
        let scratches = (0..<threads).map { _ in Scratch(count: blocks.plan.scratchCount) }
        passes = (0..<threads).map { _ in ForwardPass(blocks, scratches: scratches) }
    }

    /// Lends the pass of `worker`.
    ///
    /// - Precondition: it is not in use; threads that wait for each other here would mean that they were given the same
    ///   number by mistake.
    func withPass<R>(of worker: Worker, _ body: (ForwardPass) -> R) -> R {
        let pass = passes[worker.index]
        precondition(
            !pass.isInUse.exchange(true, ordering: .acquiring), "a thread runs one forward pass at a time")
        defer { pass.isInUse.store(false, ordering: .releasing) }
        return body(pass)
    }
}

/// A thread's own memory within a step.
///
/// Sendable: the thread that it belongs to is the only one that uses it.
final class Scratch: @unchecked Sendable {
    private var buffer: TensorBuffer

    init(count: Int) { buffer = TensorBuffer(count: count) }

    var pointer: UnsafeMutablePointer<Float> { buffer.withUnsafeMutablePointer { $0 } }
}
