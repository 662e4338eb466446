/// How a resized pixel is made of its neighbours. Both are stretched when an image is made smaller, so that every pixel
/// counts.
package enum Interpolation: String, Codable, Sendable, CaseIterable {
    /// Cubic convolution with a = -0.5 (Keys 1981).
    case bicubic
    /// Triangle.
    case bilinear

    /// How far the neighbours reach, in pixels of the coarser grid.
    var support: Double {
        switch self {
        case .bicubic: 2
        case .bilinear: 1
        }
    }

    /// The weight of a neighbour at `distance`, before the weights of one pixel are scaled to sum 1.
    func weight(at distance: Double) -> Double {
        let x = abs(distance)
        switch self {
        case .bicubic:
            // Terms in the order of Pillow's, so that the last bits are too.
            let a = -0.5
            if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
            return 0
        case .bilinear:
            return x < 1 ? 1 - x : 0
        }
    }
}
