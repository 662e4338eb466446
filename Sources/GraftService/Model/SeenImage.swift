import Foundation
import GraftAPI
import GraftCheckpoint
import GraftLearning
import GraftNetwork
import GraftStore
import GraftTensor

/// What an image came to: enough to teach it without seeing it again.
struct SeenImage: Sendable {
    /// Of the image's bytes.
    let digest: ImageDigest
    let fingerprint: String
    var features: SeenFeatures
    /// The image itself, where taught ones are kept.
    var image: EncodedImage?
    /// What a top is trained on, where that is kept.
    var latent: KeptLatent?
}

/// The SHA-256 of an image's bytes, or the bytes that it is made of where it is asked for: few answers are ever taught,
/// and a digest takes a fiftieth of the time that an answer does.
enum ImageDigest: Sendable {
    case made([UInt8])
    case pending(image: Data)

    /// No more bytes are kept for one answer than a raw image of the size that networks see has, and so at most 40 MiB
    /// for the 256 that are remembered; an image that is kept where it was read to takes at most twice its size.
    private static let pendingLimit = 160 << 10

    /// - Parameter isNeeded: Whether it will be asked for.
    init(of image: Data, isNeeded: Bool) {
        self =
            isNeeded || image.count > Self.pendingLimit ? .made(sha256(of: image.span).bytes) : .pending(image: image)
    }

    /// 32 bytes.
    var bytes: [UInt8] {
        switch self {
        case .made(let bytes): bytes
        case .pending(let image): sha256(of: image.span).bytes
        }
    }
}

/// The features of one image, by those tops that were asked for.
struct SeenFeatures: Sendable {
    /// By the backbone as it came.
    var own: ImageFeatures?
    /// By versions' own tops, by the version.
    var tuned: [Int64: ImageFeatures] = [:]

    /// By the top of version `top`, or by the backbone as it came.
    subscript(_ top: VersionTop?) -> ImageFeatures? {
        guard let top else { return own }
        return tuned[top.version]
    }
}

/// Which tops are to finish an image's latent.
struct WantedFeatures: Sendable {
    /// The backbone's, as it came.
    var own: Bool
    var tops: [VersionTop]

    /// What `model` answers by.
    init(toAsk model: LiveModel) {
        own = model.top == nil
        tops = model.top.map { [$0] } ?? []
    }

    /// What is learned, what `model` answers by, and what its shadow does.
    init(toTeach model: LiveModel) {
        own = true
        tops = model.top.map { [$0] } ?? []
        if let top = model.shadow?.top, top.version != model.top?.version { tops.append(top) }
    }

    /// The features by the backbone as it came, which every taught sample has.
    static let own = WantedFeatures(own: true, tops: [])

    private init(own: Bool, tops: [VersionTop]) { (self.own, self.tops) = (own, tops) }

    /// What `features` lack.
    func missing(in features: SeenFeatures) -> WantedFeatures {
        WantedFeatures(
            own: own && features.own == nil, tops: tops.filter { features.tuned[$0.version] == nil })
    }

    var isNothing: Bool { !own && tops.isEmpty }
}
