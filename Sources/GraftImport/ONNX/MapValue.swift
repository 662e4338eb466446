import GraftNetwork

/// A tensor of the graph that depends on the image: a map, and in which order the ONNX tensor has its sides.
///
/// The batch is one image, so its side is 1, as are any that a graph adds.
struct MapValue {
    enum Axis { case height, width, channel, unit }

    /// Of the ``MapGraph``.
    let node: Int
    let map: MapShape
    let axes: [Axis]

    /// The ONNX tensor's shape.
    var shape: [Int] { axes.map(side) }

    func side(_ axis: Axis) -> Int {
        switch axis {
        case .height: map.height
        case .width: map.width
        case .channel: map.channels
        case .unit: 1
        }
    }

    static let channelsFirst: [Axis] = [.unit, .channel, .height, .width]

    /// Whether the tensor is laid out as `wanted`; sides of 1 are alike.
    func isLaidOut(_ wanted: [Axis]) -> Bool {
        axes.count == wanted.count
            && zip(axes, wanted).allSatisfy { $0 == $1 || side($0) == 1 && side($1) == 1 }
    }

    /// Whether the tensor's side `i` is that of the channels.
    func isChannel(_ i: Int) -> Bool { axes[i] == .channel || shape[i] == 1 && map.channels == 1 }

    /// Another map in the same layout.
    func with(_ node: Int, _ map: MapShape) -> MapValue { MapValue(node: node, map: map, axes: axes) }

    func with(axes: [Axis]) -> MapValue { MapValue(node: node, map: map, axes: axes) }

    /// The same map in the ONNX shape `shape`, which differs in sides of 1 only; nil for any other shape.
    func reshaped(to shape: [Int]) -> MapValue? {
        if shape == self.shape { return self }
        var rest = axes.filter { side($0) != 1 }[...]
        var axes: [Axis] = []
        for side in shape {
            guard side != 1 else {
                axes.append(.unit)
                continue
            }
            guard let axis = rest.popFirst(), self.side(axis) == side else { return nil }
            axes.append(axis)
        }
        return rest.isEmpty ? with(axes: axes) : nil
    }

    /// The layout of an operation on this and `other`, element by element, or nil if it would pair different axes.
    func commonAxes(_ other: MapValue) -> [Axis]? {
        let rank = max(axes.count, other.axes.count)
        var common: [Axis] = []
        for i in 0..<rank {
            let a = i < rank - axes.count ? .unit : axes[i - (rank - axes.count)]
            let b = i < rank - other.axes.count ? .unit : other.axes[i - (rank - other.axes.count)]
            let (sideA, sideB) = (side(a), other.side(b))
            guard a == b || sideA == 1 || sideB == 1 else { return nil }
            common.append(sideA != 1 ? a : sideB != 1 ? b : a)
        }
        // An axis that both have, but at different places, would become two.
        for axis in [Axis.height, .width, .channel] where max(side(axis), other.side(axis)) > 1 {
            guard common.filter({ $0 == axis }).count <= 1 else { return nil }
        }
        return common
    }
}

/// What a tensor of the graph is.
enum GraphValue {
    case constant(Constant)
    case map(MapValue)
    /// Behind something that is not supported: a node of the ``MapGraph``.
    case opaque(Int)
    /// A constant that cannot be computed.
    case missing(ImportError)
}
