import GraftLearning
import GraftNetwork
import GraftTensor

/// A top with memory for the threads of the pool.
final class RunningTop: Sendable {
    let top: Top
    private let workspaces: Workspaces

    init(_ top: Top, threads: Int) {
        self.top = top
        workspaces = top.makeWorkspaces(threads: threads)
    }

    /// What the top makes of one image's latent `[H, W, C]`.
    func features(of latent: Span<Float>, by worker: Worker) -> ImageFeatures {
        ImageFeatures(top.features(of: latent, in: workspaces, by: worker))
    }
}
