import GraftTensor
import Synchronization

/// One image, or its latent, on its way through blocks.
///
/// Sendable: one thread leads it, and lends it to others by ``Worker/share(_:_:)`` only, which orders what they do.
final class ForwardPass: SharedWork, @unchecked Sendable {
    let blocks: PackedBlocks
    let isInUse = Atomic(false)
    private var arena: TensorBuffer
    /// By thread.
    private let scratches: [Scratch]

    // What is computed now: phase `phase` of step `step`, in `parts`.
    private var input: UnsafePointer<Float>?
    private var step = 0
    private var phase = 0
    private var parts = Phase.Parts(rows: 1, panels: 1)

    init(_ blocks: PackedBlocks, scratches: [Scratch]) {
        self.blocks = blocks
        self.scratches = scratches
        arena = TensorBuffer(count: blocks.plan.arenaCount)
    }

    /// Runs every step with the help that `worker` gets, and lends the output of the last.
    ///
    /// - Parameter observe: is called after each step with its number.
    func run<R>(
        _ input: UnsafePointer<Float>, by worker: Worker, observe: ((Int) -> Void)? = nil,
        _ body: (UnsafePointer<Float>) -> R
    ) -> R {
        self.input = input
        worker.withHelp {
            for s in blocks.plan.steps.indices {
                run(step: s, by: worker)
                observe?(s)
            }
        }
        self.input = nil
        return body(pointer(to: blocks.plan.maps.count - 1))
    }

    private func run(step: Int, by worker: Worker) {
        self.step = step
        for p in blocks.plan.steps[step].phases.indices {
            phase = p
            parts = blocks.plan.steps[step].phases[p].parts(threads: worker.threads)
            worker.share(parts.count, self)
        }
    }

    func run(part: Int, worker: Int) {
        let part = blocks.plan.steps[step].phases[phase].part(part, of: parts)
        compute(step, part, scratch: scratches[worker].pointer)
    }

    /// Where a tensor is.
    func pointer(to map: Int) -> UnsafePointer<Float> {
        map == 0 ? input! : UnsafePointer(arenaPointer + blocks.plan.offsets[map])
    }

    var arenaPointer: UnsafeMutablePointer<Float> { arena.withUnsafeMutablePointer { $0 } }
}
