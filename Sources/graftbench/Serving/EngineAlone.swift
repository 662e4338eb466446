import Foundation
import GraftCheckpoint
import GraftImage
import GraftNetwork
import GraftTensor

/// What the network does without a service around it: each thread looks at one image after another.
final class EngineAlone: Sendable {
    private let backbone: Backbone
    private let workspaces: Workspaces
    private let pool: ComputePool
    private let image = BodyKind.raw.body(label: 0, seed: 1)

    init(file: String, threads: Int) throws {
        backbone = try Backbone(file: SafetensorsFile(path: file))
        workspaces = backbone.makeWorkspaces(threads: threads)
        pool = ComputePool(threads: threads, queueLimit: 0)
    }

    var architecture: String { backbone.architecture.name }
    var instructionSet: String { backbone.instructionSet.rawValue }

    /// Images a second.
    ///
    /// - Parameter decoding: whether each image is decoded too, or only seen.
    func rate(seconds: Double, decoding: Bool) async throws -> Double {
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
        return Double(seen) / ((ContinuousClock.now - start) / .seconds(1))
    }

    private func decoded() throws -> Tensor {
        let bytes = image
        return try preprocess(
            bytes.span, declared: .rgb24(width: BodyKind.side, height: BodyKind.side), using: backbone.preprocessing)
    }
}
