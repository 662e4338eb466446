import GraftAPI
import GraftCheckpoint
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

/// The top that a version was tuned to: the blocks from the cut on, with weights of the version's own.
final class VersionTop: Sendable {
    /// The version's number.
    let version: Int64
    /// The name of the block that it begins with.
    let cut: String
    /// The length of the features, D.
    var featureCount: Int { running.top.featureCount }
    private let running: RunningTop

    /// The top in `file`; nil for a version that answers by what the backbone gives.
    ///
    /// - Parameter folder: Where the backbone's own weights are, for blocks of the top that the version did not train.
    /// - Throws: `Problem` of kind `version-unusable`.
    init?(
        _ file: VersionFile, version: Int64, above backbone: LoadedBackbone, in folder: BackboneFolder, threads: Int
    ) throws(Problem) {
        guard !file.ownParameters.isEmpty else { return nil }
        func unusable(_ reason: String) -> Problem {
            Problem(.versionUnusable, detail: "version \(version) cannot answer: \(reason)")
        }
        guard let cut = backbone.cut else {
            throw unusable("it has blocks of its own, which latents go through, and latents is none: set it to int8")
        }
        let blocks = backbone.architecture.blocks
        let above = Set(blocks[cut.index...].flatMap(\.parameters).map(\.name))
        guard file.ownParameters.isSubset(of: above) else {
            let first = blocks.first { $0.parameters.contains { file.ownParameters.contains($0.name) } }
            throw unusable(
                "it has blocks of its own from \(first?.name ?? "another network") on, and latents are taken before "
                    + "\(cut.name): set cut to a block before that, or train again")
        }
        guard let (originals, _) = folder.file(ofFingerprint: backbone.fingerprint) else {
            throw unusable("the file of its backbone (\(backbone.fingerprint.prefix(12))) is gone: import it again")
        }
        do {
            let top = try Top(
                of: backbone.architecture, from: cut.index, instructionSet: backbone.trunk.instructionSet
            ) { parameter throws(CheckpointError) in
                if let own = try file.elements(of: parameter) { return own }
                return try originals.floats(parameter.name, shape: parameter.shape)
            }
            running = RunningTop(top, threads: threads)
        } catch {
            throw unusable("its file cannot be used: \(error)")
        }
        self.version = version
        self.cut = cut.name
    }

    /// What it makes of the latent of an image `[H, W, C]`.
    func features(of latent: Span<Float>, by worker: Worker) -> ImageFeatures {
        running.features(of: latent, by: worker)
    }
}
