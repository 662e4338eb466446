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
    let backbone: LoadedBackbone
    private let limits: ImageLimits
    /// For the threads of the pool.
    private let workspaces: Workspaces
    /// The backbone's own, above the cut; nil where it runs as a whole.
    private let top: RunningTop?

    init(name: String, backbone: LoadedBackbone, threads: Int, limits: ImageLimits) {
        self.name = name
        self.backbone = backbone
        self.limits = limits
        workspaces = backbone.trunk.makeWorkspaces(threads: threads)
        top = backbone.cut.map { RunningTop($0.top, threads: threads) }
    }

    /// What an image came to.
    struct Look: Sendable {
        /// By the backbone as it came.
        var features: ImageFeatures
        /// By another top, where that was asked for.
        var tuned: ImageFeatures?
        /// Nil where latents are not kept.
        var latent: KeptLatent?
        /// How long the parts took.
        var decode: Duration
        var inference: Duration
    }

    /// What `image` comes to, computed on a thread of `pool`.
    ///
    /// - Parameter tuned: Another top above the same cut, which finishes the same latent.
    /// - Throws: `Problem` for an image that cannot be read, a full queue, or a stopped pool.
    /// - Precondition: there is another top only where there is a cut.
    func look(
        at image: EncodedImage, through tuned: RunningTop? = nil, on pool: ComputePool
    ) async throws(Problem) -> Look {
        precondition(tuned == nil || top != nil, "without a cut there is no latent for another top")
        return try await Self.compute(on: pool) { [self] worker in
            let start = ContinuousClock.now
            let bytes = image.bytes
            let input = try preprocess(
                bytes.span, declared: image.format, using: backbone.preprocessing, limits: limits)
            let decoded = ContinuousClock.now
            let (features, tunedFeatures, latent) = pass(input, through: tuned, by: worker)
            return Look(
                features: features, tuned: tunedFeatures, latent: latent, decode: decoded - start,
                inference: ContinuousClock.now - decoded)
        }
    }

    private func pass(
        _ input: Tensor, through tuned: RunningTop?, by worker: Worker
    ) -> (ImageFeatures, tuned: ImageFeatures?, KeptLatent?) {
        let trunk = backbone.trunk
        return trunk.forward(input, in: workspaces, by: worker) { output in
            let output = UnsafeBufferPointer(start: output, count: trunk.featureCount)
            guard let top, let cut = backbone.cut else { return (ImageFeatures(Array(output)), nil, nil) }
            let latent = output.span
            return (
                top.features(of: latent, by: worker), tuned?.features(of: latent, by: worker), cut.kept(latent)
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
