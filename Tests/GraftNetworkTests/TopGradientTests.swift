import GraftImage
import GraftNetwork
import GraftTensor
import TestBackbones
import Testing

/// Every operation that a block can hold against plain loops and their finite differences, both in 64-bit.
@Suite struct TopGradientTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let latent: (height: Int, width: Int, channels: Int)
        let blocks: [Block]
        var hidden: Int?
        var takesRoots = false

        var testDescription: String { name }
    }

    private static func one(
        _ name: String, _ latent: (Int, Int, Int), _ layers: Layer..., shortcut: Block.Shortcut = .none
    ) -> Case {
        Case(name: name, latent: latent, blocks: [Block("block", layers, shortcut: shortcut), mean])
    }
    private static let mean = Block("pool", [.globalAveragePooling])

    private static func projection(from input: Int, to output: Int, stride: Int, activation: Activation = .none)
        -> Block.Shortcut
    {
        .projection(
            Convolution(
                "downsample", from: input, to: output, kernel: 1, stride: stride, padding: .symmetric(0),
                normalizationEpsilon: 1e-5, activation: activation, sources: []))
    }

    private static func layer(
        _ input: Int, _ output: Int, named name: String = "conv", kernel: Int, stride: Int = 1, padding: Padding? = nil,
        dilation: Int = 1, groups: Int = 1, epsilon: Float? = 1e-3, hasBias: Bool? = nil,
        _ activation: Activation = .none
    ) -> Layer {
        TopFixtures.convolution(
            name, from: input, to: output, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
            groups: groups, epsilon: epsilon, hasBias: hasBias, activation: activation)
    }

    // Channels around the 4, 8 and 16 lanes of vectors, and sides that strides do not divide.
    static let cases: [Case] = [
        one("pixelwise", (3, 5, 19), layer(19, 37, kernel: 1, .relu)),
        one("pixelwise with bias", (3, 5, 6), layer(6, 50, kernel: 1, epsilon: nil, .relu6)),
        one("3 x 3", (5, 4, 7), layer(7, 18, kernel: 3, .relu)),
        one("3 x 3 with bias", (5, 4, 7), layer(7, 18, kernel: 3, epsilon: nil)),
        one("3 x 3 with bias and normalisation", (5, 4, 7), layer(7, 18, kernel: 3, hasBias: true, .relu)),
        one(
            "unequal padding", (5, 6, 4),
            layer(4, 6, kernel: 3, stride: 2, padding: .explicit(top: 0, left: 2, bottom: 1, right: 0))),
        one("3 x 3 stride 2", (7, 6, 5), layer(5, 17, kernel: 3, stride: 2, .relu6)),
        one("5 x 5 stride 3", (8, 7, 4), layer(4, 9, kernel: 5, stride: 3)),
        one("1 x 1 stride 2", (5, 6, 9), layer(9, 8, kernel: 1, stride: 2)),
        one("even window, same padding", (6, 5, 4), layer(4, 6, kernel: 2, stride: 2, padding: .same)),
        one("no padding", (6, 5, 4), layer(4, 6, kernel: 3, padding: .symmetric(0))),
        one("wide padding", (2, 3, 4), layer(4, 6, kernel: 3, padding: .symmetric(2))),
        one("dilated", (7, 6, 4), layer(4, 6, kernel: 3, padding: .symmetric(2), dilation: 2)),
        one("dilated stride 2", (7, 6, 4), layer(4, 6, kernel: 3, stride: 2, padding: .same, dilation: 2)),
        one("grouped", (5, 4, 12), layer(12, 18, kernel: 3, groups: 3, .relu)),
        one("grouped stride 2", (5, 4, 12), layer(12, 6, kernel: 3, stride: 2, groups: 6)),
        one("deep", (4, 3, 300), layer(300, 20, kernel: 3, .relu)),
        one("depthwise 3 x 3", (5, 9, 21), layer(21, 21, kernel: 3, padding: .same, groups: 21, .relu6)),
        one("depthwise 3 x 3 stride 2", (8, 5, 6), layer(6, 6, kernel: 3, stride: 2, padding: .same, groups: 6)),
        one("depthwise 5 x 5", (6, 8, 16), layer(16, 16, kernel: 5, padding: .same, groups: 16, .relu)),
        one(
            "depthwise 5 x 5 stride 2", (7, 6, 33),
            layer(33, 33, kernel: 5, stride: 2, padding: .same, groups: 33, epsilon: nil)),
        one("depthwise 7 x 7", (5, 6, 5), layer(5, 5, kernel: 7, padding: .same, groups: 5, .relu)),
        one("SiLU", (3, 4, 5), layer(5, 18, kernel: 3, .silu)),
        one("hard swish", (3, 4, 5), layer(5, 18, kernel: 1, .hardSwish)),
        one("GELU", (3, 4, 5), layer(5, 18, kernel: 1, .gelu)),
        one("depthwise SiLU", (5, 4, 6), layer(6, 6, kernel: 3, padding: .same, groups: 6, .silu)),
        one(
            "identity", (4, 3, 10), layer(10, 12, named: "a", kernel: 3, .relu),
            layer(12, 10, named: "b", kernel: 1, .relu),
            shortcut: .identity),
        one("identity around one layer", (4, 3, 10), layer(10, 10, kernel: 3, .relu), shortcut: .identity),
        one("identity under SiLU", (4, 3, 10), layer(10, 10, kernel: 3, .silu), shortcut: .identity),
        one(
            "identity over depthwise", (4, 5, 7), layer(7, 7, named: "a", kernel: 3, padding: .same, groups: 7, .relu6),
            layer(7, 7, named: "b", kernel: 1), shortcut: .identity),
        one("identity around depthwise", (4, 5, 7), layer(7, 7, kernel: 3, groups: 7, .relu), shortcut: .identity),
        one(
            "identity over a strided window", (4, 4, 6), layer(6, 6, named: "a", kernel: 3, stride: 2),
            layer(6, 6, named: "b", kernel: 3, padding: .symmetric(2), .relu), shortcut: .identity),
        one(
            "identity over pooling", (4, 4, 6), .pooling(Pooling(.max, kernel: 3, stride: 1, padding: .symmetric(1))),
            layer(6, 6, named: "b", kernel: 1, .relu), shortcut: .identity),
        one(
            "projection", (5, 6, 6), layer(6, 9, named: "a", kernel: 3, stride: 2, .relu),
            layer(9, 20, named: "b", kernel: 3, .relu),
            shortcut: projection(from: 6, to: 20, stride: 2)),
        one(
            "projection that is activated", (3, 3, 6), layer(6, 20, kernel: 3, .relu),
            shortcut: projection(from: 6, to: 20, stride: 1, activation: .silu)),
        one(
            "projection over depthwise", (5, 4, 6), layer(6, 6, named: "a", kernel: 3, stride: 2, groups: 6, .relu),
            layer(6, 9, named: "b", kernel: 1), shortcut: projection(from: 6, to: 9, stride: 2)),
        one("max pooling", (7, 5, 18), .pooling(Pooling(.max, kernel: 3, stride: 2, padding: .symmetric(1)))),
        one("max pooling of 2", (6, 4, 5), .pooling(Pooling(.max, kernel: 2, stride: 2))),
        one(
            "mean of what is inside", (5, 5, 6),
            .pooling(Pooling(.average(countsPadding: false), kernel: 3, stride: 2, padding: .symmetric(1)))),
        one(
            "mean of all", (5, 5, 6),
            .pooling(Pooling(.average(countsPadding: true), kernel: 3, stride: 1, padding: .symmetric(1)))),
        Case(
            name: "head over roots", latent: (3, 5, 6),
            blocks: [Block("block", [layer(6, 9, kernel: 1, epsilon: nil)]), mean], takesRoots: true),
        Case(name: "perceptron", latent: (1, 1, 23), blocks: [], hidden: 40),
        Case(
            name: "several blocks", latent: (6, 6, 5),
            blocks: [
                Block(
                    "one",
                    [layer(5, 8, named: "a", kernel: 3, stride: 2, .relu), layer(8, 8, named: "b", kernel: 3, .relu)],
                    shortcut: projection(from: 5, to: 8, stride: 2)),
                Block(
                    "two", [layer(8, 17, named: "a", kernel: 1, .relu6), layer(17, 8, named: "b", kernel: 1)],
                    shortcut: .identity),
                Block("three", [.pooling(Pooling(.max, kernel: 2, stride: 1))]),
                mean,
            ], hidden: 12),
    ]

    @Test(arguments: InstructionSet.available, cases)
    func equalFiniteDifferences(_ set: InstructionSet, _ tested: Case) {
        let latent = MapShape(
            height: tested.latent.height, width: tested.latent.width, channels: tested.latent.channels)
        let head = TopHead(labelCount: 3, hiddenCount: tested.hidden, takesRoots: tested.takesRoots)
        let labels = [2, 0, 1]
        var plain = PlainTop(blocks: tested.blocks, latent: latent, head: head, elements: [:])
        let top = TrainableTop(
            tested.blocks, latent: latent, head: head, batch: labels.count, instructionSet: set,
            wantsLatentGradient: true
        ) { parameter in
            let elements = formulaElements(parameter)
            plain.elements[parameter.name] = elements.map(Double.init)
            return elements
        }
        let latents = uniform(tested.name, count: labels.count * latent.count)
        var exact = latents.map(Double.init)
        let loss = top.differentiate(latents.span, labels: labels, loss: SoftmaxCrossEntropy(smoothing: 0.1))
        let smoothing = Double(Float(0.1))
        #expect(abs(loss / plain.loss(exact, labels: labels, smoothing: smoothing) - 1) < 1e-5)

        // (f(x + h) - f(x - h)) / 2h is off by h² f''' / 6 and by 10⁻¹⁶ f / h: about 10⁻¹⁰ here. What differs is 32-bit.
        let step = 1e-5
        func compare(_ name: String, _ found: [Float], _ loss: (_ index: Int, _ change: Double) -> Double) {
            let largest = found.reduce(Float(0)) { max($0, abs($1)) }
            let picked = Set((0..<12).map { $0 * 7919 % found.count } + [found.count - 1])
            for index in picked {
                let expected = (loss(index, step) - loss(index, -step)) / (2 * step)
                #expect(
                    abs(Double(found[index]) - expected) <= 3e-5 * Double(largest) + 1e-8,
                    "\(name)[\(index)]: \(found[index]), not \(expected)")
            }
        }
        for name in plain.elements.keys.sorted() where !name.hasSuffix(".mean") && !name.hasSuffix(".variance") {
            compare(name, top.gradient(of: name)) { index, change in
                let before = plain.elements[name]![index]
                defer { plain.elements[name]![index] = before }
                plain.elements[name]![index] += change
                return plain.loss(exact, labels: labels, smoothing: smoothing)
            }
        }
        compare("latent", top.latentGradient(images: labels.count)) { index, change in
            let before = exact[index]
            defer { exact[index] = before }
            exact[index] += change
            return plain.loss(exact, labels: labels, smoothing: smoothing)
        }
    }
}
