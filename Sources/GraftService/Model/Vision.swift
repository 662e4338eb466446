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
    private let settings: LiveConfiguration
    private let preprocessor: Preprocessor
    /// For the threads of the pool.
    private let workspaces: Workspaces
    /// The backbone's own, above the cut; nil where it runs as a whole.
    private let top: RunningTop?

    init(name: String, backbone: LoadedBackbone, threads: Int, settings: LiveConfiguration) {
        self.name = name
        self.backbone = backbone
        self.settings = settings
        preprocessor = Preprocessor(backbone.preprocessing, instructionSet: backbone.trunk.instructionSet)
        workspaces = backbone.trunk.makeWorkspaces(threads: threads)
        top = backbone.cut.map { RunningTop($0.top, threads: threads) }
    }

    /// What an image may cost now.
    private var limits: ImageLimits { ImageLimits(pixels: settings.current.pixelLimit) }

    /// A gray image of the size that the network sees.
    var testImage: EncodedImage {
        let side = backbone.preprocessing.cropSide
        return EncodedImage(
            bytes: [UInt8](repeating: 128, count: side * side * 3), format: .rgb24(width: side, height: side))
    }

    /// What an image came to.
    struct Look: Sendable {
        var features: SeenFeatures
        /// Nil where latents are not kept.
        var latent: KeptLatent?
        /// How long it waited for a thread, was decoded, and was seen and judged.
        var wait: Duration
        var decode: Duration
        var inference: Duration
    }

    /// What `image` comes to, computed on a thread of `pool`.
    ///
    /// - Throws: `Problem` for an image that cannot be read, a full queue, or a stopped pool.
    func look(
        at image: EncodedImage, for wanted: WantedFeatures, on pool: ComputePool
    ) async throws(Problem) -> Look {
        try await look(at: image, for: wanted, on: pool, judge: { _ in }, conclude: { look, _ in look })
    }

    /// What `conclude` makes of that and of what `judge` said of the features, all on the same thread.
    func look<J, R: Sendable>(
        at image: EncodedImage, for wanted: WantedFeatures, on pool: ComputePool,
        judge: @escaping @Sendable (SeenFeatures) -> J, conclude: @escaping @Sendable (Look, J) -> R
    ) async throws(Problem) -> R {
        let asked = ContinuousClock.now
        return try await Self.compute(on: pool) { [self] worker in
            let start = ContinuousClock.now
            let bytes = image.bytes
            let input = try preprocessor.tensor(of: bytes.span, declared: image.format, limits: limits)
            let decoded = ContinuousClock.now
            let (features, latent) = pass(input, for: wanted, by: worker)
            let judgement = judge(features)
            let look = Look(
                features: features, latent: latent, wait: start - asked, decode: decoded - start,
                inference: ContinuousClock.now - decoded)
            return conclude(look, judgement)
        }
    }

    /// The same for pixels of the size that the network sees, red, green and blue of 0 to 255. `[H, W, 3]`
    ///
    /// - Throws: `Problem` of kind `busy` where they are of another size: they were checked against the backbone before.
    func look(
        atPixels pixels: [Float], for wanted: WantedFeatures, on pool: ComputePool
    ) async throws(Problem) -> Look {
        let side = backbone.preprocessing.cropSide
        guard pixels.count == side * side * 3 else {
            throw Problem(
                .busy,
                detail: "another backbone was loaded meanwhile, which sees \(side) x \(side) pixels: send them again "
                    + "in that size")
        }
        let asked = ContinuousClock.now
        return try await Self.compute(on: pool) { [self] worker in
            let start = ContinuousClock.now
            let input = normalized(pixels: pixels, using: backbone.preprocessing)
            let decoded = ContinuousClock.now
            let (features, latent) = pass(input, for: wanted, by: worker)
            return Look(
                features: features, latent: latent, wait: start - asked, decode: decoded - start,
                inference: ContinuousClock.now - decoded)
        }
    }

    private func pass(
        _ input: Tensor, for wanted: WantedFeatures, by worker: Worker
    ) -> (SeenFeatures, KeptLatent?) {
        let trunk = backbone.trunk
        return trunk.forward(input, in: workspaces, by: worker) { output in
            let output = UnsafeBufferPointer(start: output, count: trunk.featureCount)
            guard let cut = backbone.cut else { return (SeenFeatures(own: ImageFeatures(Array(output))), nil) }
            return (finish(output.span, for: wanted, by: worker), cut.kept(output.span))
        }
    }

    /// What the tops make of a latent `[H, W, C]`.
    private func finish(_ latent: Span<Float>, for wanted: WantedFeatures, by worker: Worker) -> SeenFeatures {
        var features = SeenFeatures()
        if wanted.own { features.own = top?.features(of: latent, by: worker) }
        for top in wanted.tops { features.tuned[top.version] = top.features(of: latent, by: worker) }
        return features
    }

    /// What the tops make of a kept latent, computed on a thread of `pool`.
    func finish(
        _ latent: KeptLatent, for wanted: WantedFeatures, on pool: ComputePool
    ) async throws(Problem) -> SeenFeatures {
        try await Self.compute(on: pool) { [self] worker in
            let elements = try latent.elements()
            return finish(elements.span, for: wanted, by: worker)
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
        } catch let problem as Problem {
            throw problem
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
