import Foundation
import Glibc
import GraftCheckpoint
import GraftImage
import GraftNetwork
import GraftTensor

/// What the network does without a service around it: each thread looks at one image after another.
final class EngineAlone: Sendable {
    private let backbone: Backbone
    private let preprocessor: Preprocessor
    private let workspaces: Workspaces
    private let pool: ComputePool
    private let image = BodyKind.raw.body(label: 0, seed: 1)

    init(file: String, threads: Int) throws {
        backbone = try Backbone(file: SafetensorsFile(path: file))
        preprocessor = Preprocessor(backbone.preprocessing, instructionSet: backbone.instructionSet)
        workspaces = backbone.makeWorkspaces(threads: threads)
        pool = ComputePool(threads: threads, queueLimit: 0)
    }

    var architecture: String { backbone.architecture.name }
    var instructionSet: String { backbone.instructionSet.rawValue }

    /// What it did in one turn.
    struct Turn {
        /// Images a second.
        var rate: Double
        /// Milliseconds of processor time for an image.
        var processorTime: Double
    }

    /// Looks at images for `seconds`.
    ///
    /// - Parameter decoding: whether each image is decoded too, or only seen.
    func turn(seconds: Double, decoding: Bool) async throws -> Turn {
        let processorStart = processSeconds()
        let start = ContinuousClock.now
        let deadline = start + .seconds(seconds)
        let once = try decoded()
        let seen = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<pool.threads {
                group.addTask { [self] in
                    try await pool.run { [self] worker in
                        var count = 0
                        while ContinuousClock.now < deadline {
                            let input = decoding ? try decoded() : once
                            backbone.forward(input, in: workspaces, by: worker) { _ in }
                            count += 1
                        }
                        return count
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        return Turn(
            rate: Double(seen) / ((ContinuousClock.now - start) / .seconds(1)),
            processorTime: (processSeconds() - processorStart) * 1e3 / Double(seen))
    }

    private func processSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    private func decoded() throws -> Tensor {
        let bytes = image
        return try preprocessor.tensor(
            of: bytes.span, declared: .rgb24(width: BodyKind.side, height: BodyKind.side))
    }
}
