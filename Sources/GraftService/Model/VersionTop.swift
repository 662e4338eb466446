import GraftLearning
import GraftNetwork
import GraftTensor

/// The top that a version was tuned to: the blocks from a cut on, with the version's own weights.
final class VersionTop: Sendable {
    /// The version's number.
    let version: Int64
    /// The number of the block that it begins with.
    let cut: Int
    let top: Top
    private let workspaces: Workspaces

    init(version: Int64, cut: Int, top: Top, threads: Int) {
        self.version = version
        self.cut = cut
        self.top = top
        workspaces = top.makeWorkspaces(threads: threads)
    }

    /// What it makes of the latent of an image `[H, W, C]`.
    func features(of latent: [Float], by worker: Worker) -> ImageFeatures {
        ImageFeatures(top.features(of: latent.span, in: workspaces, by: worker))
    }
}
