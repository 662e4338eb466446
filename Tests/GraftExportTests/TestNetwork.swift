import GraftImage
import GraftNetwork

/// A network with every kind of layer, padding and activation there is, small enough for plain loops.
enum TestNetwork {
    static let side = 19

    static let architecture = Architecture(
        name: "test_network",
        preprocessing: Preprocessing(
            resizeShorterSide: 20, cropSide: side, interpolation: .bilinear, channelOrder: .rgb, mean: [0.5, 0.5, 0.5],
            standardDeviation: [0.25, 0.25, 0.25]),
        featureCount: 24,
        blocks: [
            Block(
                "stem",
                [
                    .convolution(convolution("first", from: 3, to: 8, kernel: 3, stride: 2, activation: .relu6)),
                    .pooling(Pooling(.max, kernel: 3, stride: 2, padding: .symmetric(1))),
                ]),
            // A shortcut through a convolution, filters in groups, and a bias before the normalisation.
            Block(
                "residual",
                [
                    .convolution(
                        convolution("one", from: 8, to: 16, kernel: 1, groups: 2, hasBias: true, activation: .silu)),
                    .convolution(
                        convolution("two", from: 16, to: 16, kernel: 3, dilation: 2, groups: 16, activation: .relu)),
                ], shortcut: .projection(convolution("shortcut", from: 8, to: 16, kernel: 1, activation: .none))),
            // Squeeze and excitation, then the input again.
            Block(
                "squeeze",
                nodes: [
                    .init(
                        .convolution(convolution("wide", from: 16, to: 16, kernel: 3, activation: .hardSwish)), of: [0]),
                    .init(.globalAveragePooling, of: [1]),
                    .init(
                        .convolution(convolution("down", from: 16, to: 4, kernel: 1, epsilon: nil, activation: .gelu)),
                        of: [2]),
                    .init(
                        .convolution(
                            convolution("up", from: 4, to: 16, kernel: 1, epsilon: nil, activation: .hardSigmoid)),
                        of: [3]),
                    .init(.product, of: [1, 4]),
                    .init(.sum(.relu), of: [5, 0]),
                ]),
            // Three paths side by side, one of them padded more on one side.
            Block(
                "paths",
                nodes: [
                    .init(
                        .pooling(Pooling(.average(countsPadding: false), kernel: 3, stride: 1, padding: .same)), of: [0]
                    ),
                    .init(
                        .pooling(Pooling(.average(countsPadding: true), kernel: 3, stride: 1, padding: .symmetric(1))),
                        named: "counted", of: [0]),
                    .init(.padding(.explicit(top: 0, left: 1, bottom: 1, right: 0)), of: [0]),
                    .init(
                        .convolution(
                            convolution("narrow", from: 16, to: 8, kernel: 2, padding: .symmetric(0), activation: .none)
                        ),
                        of: [3]),
                    .init(.activation(.sigmoid), of: [4]),
                    .init(.concatenation, of: [1, 5, 2]),
                    .init(
                        .convolution(convolution("last", from: 40, to: 24, kernel: 3, stride: 2, activation: .none)),
                        of: [6]),
                ]),
            Block("pool", [.globalAveragePooling]),
        ])

    private static func convolution(
        _ name: String, from input: Int, to output: Int, kernel: Int, stride: Int = 1, padding: Padding = .same,
        dilation: Int = 1, groups: Int = 1, epsilon: Float? = 1e-3, hasBias: Bool? = nil, activation: Activation
    ) -> Convolution {
        Convolution(
            name, from: input, to: output, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
            groups: groups, normalizationEpsilon: epsilon, hasBias: hasBias, activation: activation, sources: [])
    }
}
