import CKernels
import GraftTensor

/// A layer of a top while it trains: what it computes, and what it does with the gradient that comes back.
protocol TrainingOperation: AnyObject {
    /// Writes the output's values from the input's, for the images of `pass`.
    func forward(_ pass: TrainingPass)
    /// From the gradient of the output: writes those of the layer's parameters, and hands on that of the input.
    ///
    /// - Precondition: `forward` was the last that happened to the layer. The output's gradient is used up.
    func backward(_ pass: TrainingPass)
}

/// A batch on its way through a top and back, and the threads that compute it.
final class TrainingPass: SharedWork {
    let kernels: VectorKernels
    let trainingKernels: TrainingKernels
    /// As many as the widest tensor has channels.
    let zeros: FloatStorage
    /// By thread.
    private let scratches: [FloatStorage]

    /// How many images the batch has.
    private(set) var images = 0
    /// What dropout draws from; nil if nothing is dropped.
    private(set) var dropoutSeed: UInt64?
    private var worker = Worker.alone
    private var body: ((Int, UnsafeMutablePointer<Float>) -> Void)?

    /// - Parameter scratchCount: Floats that each of `threads` threads has for itself.
    init(_ instructionSet: InstructionSet, mostChannels: Int, scratchCount: Int, threads: Int) {
        kernels = instructionSet.kernels
        trainingKernels = instructionSet.trainingKernels
        zeros = FloatStorage(count: mostChannels)
        scratches = (0..<threads).map { _ in FloatStorage(count: scratchCount) }
    }

    /// Runs `body` for a batch, with the help that `worker` gets.
    func run<R>(images: Int, dropoutSeed: UInt64? = nil, by worker: Worker, _ body: () -> R) -> R {
        precondition(worker.threads <= scratches.count, "made for \(scratches.count) threads, not \(worker.threads)")
        (self.images, self.dropoutSeed, self.worker) = (images, dropoutSeed, worker)
        return worker.withHelp(body)
    }

    /// Runs `body` for the parts `0 ..< count`, each with the scratch space of the thread that takes it.
    func share(_ count: Int, _ body: (_ part: Int, _ scratch: UnsafeMutablePointer<Float>) -> Void) {
        withoutActuallyEscaping(body) {
            self.body = $0
            worker.share(count, self)
            self.body = nil
        }
    }

    /// Runs `body` for neighbouring ranges of `0 ..< count`, none longer than `most` and about equally long, as many for
    /// each thread.
    func share(
        _ count: Int, atMost most: Int, _ body: (_ range: Range<Int>, _ scratch: UnsafeMutablePointer<Float>) -> Void
    ) {
        let turns = (count + most * worker.threads - 1) / (most * worker.threads)
        let parts = min(count, turns * worker.threads)
        share(parts) { part, scratch in body(count * part / parts..<count * (part + 1) / parts, scratch) }
    }

    func run(part: Int, worker: Int) { body!(part, scratches[worker].pointer) }
}
