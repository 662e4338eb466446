import GraftAPI
import GraftCheckpoint
import GraftImage
import GraftLearning
import GraftNetwork
import GraftStore

/// A backbone as the service runs it: trunk and top where latents are kept, whole where they are not.
struct LoadedBackbone: Sendable {
    /// Where the top begins, and how what enters it is kept.
    struct Cut: Sendable {
        /// The name of the first block of the top.
        let name: String
        /// Its number.
        let index: Int
        let format: LatentFormat
        /// As it came with the backbone.
        let top: Top

        /// `latent` as it is kept; nil for one with elements that are no numbers.
        func kept(_ latent: Span<Float>) -> KeptLatent? {
            guard let bytes = try? format.encode(latent, shape: top.latent) else { return nil }
            return KeptLatent(
                cut: name, format: format.rawValue, height: top.latent.height, width: top.latent.width,
                channels: top.latent.channels, bytes: bytes)
        }
    }

    let architecture: Architecture
    /// The blocks before the cut, or all.
    let trunk: Backbone
    let cut: Cut?

    var fingerprint: String { trunk.fingerprint }
    var preprocessing: Preprocessing { trunk.preprocessing }
    /// The length of the features, D.
    var featureCount: Int { architecture.featureCount }
    var parameterCount: Int { architecture.parameters.reduce(0) { $0 + $1.count } }

    /// The backbone in `file`.
    ///
    /// - Throws: `BackboneError`, or `CutError` where `settings` name a block that is no place to cut.
    init(_ file: SafetensorsFile, _ settings: LatentSettings) throws {
        architecture = try Architecture(file.backboneMetadata())
        guard let (format, index) = try settings.cut(of: architecture) else {
            (trunk, cut) = (try Backbone(file: file), nil)
            return
        }
        trunk = try Backbone(file: file, blocks: index)
        cut = Cut(
            name: architecture.blocks[index].name, index: index, format: format, top: try Top(file: file, from: index))
    }
}

/// What is kept of latents, by configuration.
struct LatentSettings: Sendable {
    /// Nil for nothing.
    var format: LatentFormat?
    /// The name of the block, or of the stage, that the top begins with; nil for the architecture's choice.
    var cut: String?

    /// The number of the block that the top of `architecture` begins with; nil where nothing is kept.
    func cut(of architecture: Architecture) throws(CutError) -> (format: LatentFormat, index: Int)? {
        // Without a block before it there is no trunk.
        guard let format, architecture.blocks.count > 1 else { return nil }
        guard let cut else { return (format, max(1, Self.defaultCut(of: architecture))) }
        guard let index = architecture.blocks(named: cut)?.lowerBound, index > 0 else {
            throw CutError(
                found: cut, architecture: architecture.name, blocks: architecture.blocks.dropFirst().map(\.name))
        }
        return (format, index)
    }
}

extension LatentSettings {
    /// Where the classic recipes begin to train, at the latest where the last stage does: for a VGG that is two stages before
    /// the end.
    fileprivate static func defaultCut(of architecture: Architecture) -> Int {
        let classic = ClassicRecipe.fineTuning.recipe(for: architecture).cut.flatMap { architecture.blocks(named: $0) }
        return min(architecture.defaultCut, classic?.lowerBound ?? .max)
    }
}

/// The configured cut is no block of the backbone, or its first.
struct CutError: Error, Equatable, CustomStringConvertible {
    let found: String
    let architecture: String
    /// Those that can be cut before.
    let blocks: [String]

    var description: String {
        "cut: expected a block of \(architecture) after the first (\(blocks.joined(separator: ", "))), found '\(found)'; "
            + "set cut to one of them, or leave it out"
    }
}

extension KeptLatent {
    /// `[height, width, channels]`
    ///
    /// - Throws: `Problem` for what another version has kept, or a disk has changed.
    func elements() throws(Problem) -> [Float] {
        let shape = MapShape(height: height, width: width, channels: channels)
        guard let format = LatentFormat(rawValue: format) else {
            throw Problem(
                .internal, detail: "a latent has the format '\(self.format)', which this version does not know")
        }
        do {
            var elements = [Float](repeating: 0, count: shape.count)
            var span = elements.mutableSpan
            try format.decode(bytes.span.bytes, shape: shape, into: &span)
            return elements
        } catch {
            throw Problem(.internal, detail: "a latent in the store is damaged: \(error)")
        }
    }
}
