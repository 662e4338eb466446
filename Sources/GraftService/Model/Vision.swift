import Foundation
import GraftAPI
import GraftCheckpoint
import GraftImage
import GraftLearning
import GraftNetwork
import GraftStore
import GraftTensor

/// One loaded backbone and what it needs to look at images.
final class Vision: Sendable {
    let name: String
    let backbone: Backbone
    private let limits: ImageLimits
    /// For the threads of the pool.
    private let workspaces: Workspaces

    init(name: String, backbone: Backbone, threads: Int, limits: ImageLimits) {
        self.name = name
        self.backbone = backbone
        self.limits = limits
        workspaces = backbone.makeWorkspaces(threads: threads)
    }

    /// How long the parts took.
    struct Durations: Sendable {
        var decode: Duration
        var inference: Duration
    }

    /// The features of `image` `[D]`, computed on a thread of `pool`.
    ///
    /// - Throws: `Problem` for an image that cannot be read, a full queue, or a stopped pool.
    func look(at image: EncodedImage, on pool: ComputePool) async throws(Problem) -> (
        features: ImageFeatures, Durations
    ) {
        try await Self.compute(on: pool) { [self] worker in
            let start = ContinuousClock.now
            let bytes = image.bytes
            let input = try preprocess(
                bytes.span, declared: image.format, using: backbone.preprocessing, limits: limits)
            let decoded = ContinuousClock.now
            let features = backbone.features(of: input, in: workspaces, by: worker)
            return (
                ImageFeatures(features),
                Durations(decode: decoded - start, inference: ContinuousClock.now - decoded)
            )
        }
    }

    /// What `policy` keeps of `image`, which this has looked at; nil for nothing.
    func kept(_ image: EncodedImage, by policy: KeepPolicy, on pool: ComputePool) async throws(Problem) -> KeptImage? {
        try await policy.kept(image, limits: limits, on: pool)
    }

    /// What `work` on an image returns, computed on a thread of `pool`.
    ///
    /// - Throws: `Problem` for an image that cannot be read, a full queue, or a stopped pool.
    static func compute<R: Sendable>(
        on pool: ComputePool, _ work: @escaping @Sendable (Worker) throws -> R
    ) async throws(Problem) -> R {
        do {
            return try await pool.run(work)
        } catch let error as ImageError {
            throw Problem(error)
        } catch ComputePoolError.queueFull {
            throw Problem(
                .busy, detail: "\(pool.queueLimit) images wait already, as many as may; try again in a second")
        } catch {
            throw Problem(.stopping, detail: "the service is stopping (\(error)); try again when it has been started")
        }
    }
}
