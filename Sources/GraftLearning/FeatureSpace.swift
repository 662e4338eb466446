/// In which form a head sees the features of an image.
package enum FeatureSpace: String, Codable, Sendable, CaseIterable {
    /// Signed square roots, which is how features are kept: better for a linear head.
    case roots
    /// As the network gives them, so that a head is a plain linear layer in any framework.
    case plain
}

extension RootFeatures {
    /// What a head over `space` sees. `[D]`
    package func values(in space: FeatureSpace) -> [Float] { values.map { Self.value($0, in: space) } }

    /// One kept value as a head over `space` sees it.
    @inline(__always)
    static func value(_ kept: Int16, in space: FeatureSpace) -> Float {
        let root = Float(kept) / scale
        return switch space {
        case .roots: root
        case .plain: root * abs(root)
        }
    }
}
