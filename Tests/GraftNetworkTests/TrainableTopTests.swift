import Foundation
import GraftImage
import GraftNetwork
import GraftTensor
import TestBackbones
import TestSupport
import Testing

/// Whole tops against what PyTorch computed for them, in 64-bit: see `Tests/Fixtures/network/make_training.py`.
@Suite struct TrainableTopTests {
    struct Recorded: Decodable, Sendable {
        struct Gradient: Decodable, Sendable {
            let norm: Double
            let largest: Double
            let indices: [Int]
            let elements: [Double]
        }

        let name: String
        let latent: [Int]
        let labels: [Int]
        let labelCount: Int
        let rates: [Double]
        let smoothing: Float
        let weightDecay: Double
        let isDecoupled: Bool
        let losses: [Double]
        let gradients: [String: Gradient]
        let logits: [Double]

        static func named(_ name: String) throws -> Recorded {
            let all = try JSONDecoder().decode(
                [Recorded].self, from: Data(contentsOf: Fixture.url("network/training.json")))
            return try #require(all.first { $0.name == name })
        }

        var latents: [Float] { uniform("\(name).latent", count: latent.reduce(1, *)) }

        func top(_ set: InstructionSet, threads: Int = 1, batch: Int? = nil) -> TrainableTop {
            TrainableTop(
                TopFixtures.blocks(name), latent: MapShape(height: latent[1], width: latent[2], channels: latent[3]),
                head: TopHead(labelCount: labelCount, hiddenCount: name == "vgg" ? 256 : nil),
                batch: batch ?? latent[0], threads: threads, instructionSet: set, wantsLatentGradient: true,
                elements: formulaElements)
        }

        func adam(_ top: TrainableTop) -> Adam {
            var settings = Adam.Settings()
            settings.weightDecay = weightDecay
            settings.isDecoupled = isDecoupled
            return Adam(top, settings: settings)
        }

        /// The losses of as many steps as were recorded.
        func train(_ top: TrainableTop, by worker: Worker = .alone) -> [Double] {
            let adam = adam(top)
            return losses.indices.map { _ in
                let loss = top.differentiate(
                    latents.span, labels: labels, loss: SoftmaxCrossEntropy(smoothing: smoothing), by: worker)
                adam.step(rates: rates, by: worker)
                return loss
            }
        }
    }

    static let names = ["resnet18", "bottleneck", "efficientnet", "vgg"]

    @Test(arguments: InstructionSet.available, names)
    func gradientsEqualPyTorchs(_ set: InstructionSet, _ name: String) throws {
        let recorded = try Recorded.named(name)
        let top = recorded.top(set)
        let loss = top.differentiate(
            recorded.latents.span, labels: recorded.labels, loss: SoftmaxCrossEntropy(smoothing: recorded.smoothing))
        // Sums of up to 4608 terms in 32-bit, through up to 11 layers and back, against 64-bit.
        #expect(abs(loss / recorded.losses[0] - 1) < 1e-5)
        for (name, expected) in recorded.gradients {
            let found = name == "latent" ? top.latentGradient(images: recorded.latent[0]) : top.gradient(of: name)
            let norm = found.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            #expect(abs(norm - expected.norm) <= 2e-5 * expected.norm, "\(name)")
            for (index, element) in zip(expected.indices, expected.elements) {
                #expect(abs(Double(found[index]) - element) <= 5e-5 * expected.largest, "\(name)[\(index)]")
            }
        }
    }

    @Test(arguments: InstructionSet.available, names)
    func lossesOfAdamsStepsEqualPyTorchs(_ set: InstructionSet, _ name: String) throws {
        let recorded = try Recorded.named(name)
        let top = recorded.top(set)
        // Adam's first steps follow the signs of gradients, which 32-bit gets wrong where they are nearly zero.
        for (found, expected) in zip(recorded.train(top), recorded.losses) { #expect(abs(found - expected) < 1e-3) }
        for (found, expected) in zip(top.logits(of: recorded.latents.span), recorded.logits) {
            #expect(abs(Double(found) - expected) < 5e-3)
        }
    }

    /// Formed of short sums, they round off less: about as much as PyTorch does.
    @Test(arguments: InstructionSet.available)
    func longSumsRoundOffLittle(_ set: InstructionSet) {
        // Sums of one sign grow, and with them what is rounded off.
        func positive(_ name: String, _ count: Int) -> [Float] { uniform(name, count: count).map { abs($0) + 0.1 } }
        // 4,608 terms: one window of a VGG's filters.
        let (depth, outputs) = (9 * 512, 64)
        let window = TrainableTop(
            [
                Block(
                    "block",
                    [
                        TopFixtures.convolution(
                            "conv", from: 512, to: outputs, kernel: 3, padding: .symmetric(0), epsilon: nil)
                    ])
            ], latent: MapShape(height: 3, width: 3, channels: 512), head: TopHead(labelCount: 2), batch: 1,
            instructionSet: set, elements: { positive($0.name, $0.shape.reduce(1, *)) })
        let pixels = positive("pixels", depth)
        let found = window.outputs(of: pixels.span).features
        let (weights, bias) = (window.elements(of: "block.conv.weight"), window.elements(of: "block.conv.bias"))
        let expected = (0..<outputs).map { o in
            pixels.indices.reduce(Double(bias[o])) { $0 + Double(pixels[$1]) * Double(weights[o * depth + $1]) }
        }
        #expect(relativeError(found, expected) < 2e-7)

        // As many images: without weights, the logits are those of the biases, and the gradient is a sum of features.
        let (images, features) = (4_608, 64)
        let head = TrainableTop(
            [], latent: MapShape(height: 1, width: 1, channels: features), head: TopHead(labelCount: 2), batch: images,
            instructionSet: set, elements: { [Float](repeating: 0, count: $0.shape.reduce(1, *)) })
        let latents = positive("features", images * features)
        _ = head.differentiate(latents.span, labels: [Int](repeating: 0, count: images))
        let sums = (0..<features).map { i in
            (0..<images).reduce(0.0) { $0 + Double(latents[$1 * features + i]) } * -0.5 / Double(images)
        }
        let gradient = Array(head.gradient(of: "head.output.weight")[..<features])
        #expect(relativeError(gradient, sums) < 2e-7)
    }

    /// The root of the mean squared difference, over that of the mean square.
    private func relativeError(_ found: [Float], _ expected: [Double]) -> Double {
        let squares = zip(found, expected).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
        return (squares / expected.reduce(0) { $0 + $1 * $1 }).squareRoot()
    }

    @Test(arguments: names)
    func repeatsBitForBitWhoeverHelps(_ name: String) async throws {
        let recorded = try Recorded.named(name)
        let set = InstructionSet.available.last!
        let first = recorded.top(set)
        let losses = recorded.train(first)
        let weights = first.weights
        for threads in [2, 3, 5] {
            let pool = ComputePool(threads: threads, queueLimit: 0)
            let found = try await pool.run { worker in
                let top = recorded.top(set, threads: threads)
                return (recorded.train(top, by: worker), top.weights)
            }
            #expect(found.0 == losses && found.1 == weights, "\(threads) threads")
            await pool.stop()
        }
    }

    @Test(arguments: [("resnet18", 1), ("bottleneck", 2), ("efficientnet", 1), ("efficientnet", 3), ("vgg", 2)])
    func frozenBlocksLeaveTheGradientsAboveThemAsTheyAre(_ name: String, _ frozen: Int) throws {
        let recorded = try Recorded.named(name)
        let blocks = TopFixtures.blocks(name)
        let all = recorded.top(.available.last!)
        let some = TrainableTop(
            blocks, frozen: frozen, latent: all.latent, head: all.head, batch: all.batch,
            instructionSet: .available.last!, elements: formulaElements)
        for top in [all, some] { _ = top.differentiate(recorded.latents.span, labels: recorded.labels) }
        let trained = blocks[frozen...].filter { !$0.parameters.isEmpty }
        #expect(some.groups == trained.map(\.name) + [TopHead.name])
        for parameter in trained.flatMap(\.parameters) where !parameter.isStatistic {
            #expect(some.gradient(of: parameter.name) == all.gradient(of: parameter.name), "\(parameter.name)")
        }
        Adam(some).step(rates: some.groups.map { _ in 1e-3 })
        for parameter in blocks[..<frozen].flatMap(\.parameters) {
            #expect(some.elements(of: parameter.name) == formulaElements(parameter), "\(parameter.name)")
        }
        #expect(some.weights.count < all.weights.count)
    }

    @Test func smallerBatchLeavesTheRestAlone() throws {
        let recorded = try Recorded.named("efficientnet")
        let set = InstructionSet.available.last!
        let (small, large) = (recorded.top(set), recorded.top(set, batch: recorded.latent[0] + 3))
        // What a larger batch leaves behind must not be seen.
        let more = uniform("more", count: large.batch * large.latent.count)
        _ = large.differentiate(more.span, labels: (0..<large.batch).map { $0 % recorded.labelCount })
        #expect(
            small.differentiate(recorded.latents.span, labels: recorded.labels)
                == large.differentiate(recorded.latents.span, labels: recorded.labels))
        for name in recorded.gradients.keys where name != "latent" {
            #expect(small.gradient(of: name) == large.gradient(of: name), "\(name)")
        }
        #expect(
            small.latentGradient(images: recorded.latent[0]) == large.latentGradient(images: recorded.latent[0]))
    }

    @Test func publishedTopGivesTheLogitsThatItHadWhileTraining() throws {
        let recorded = try Recorded.named("efficientnet")
        let top = recorded.top(InstructionSet.available.last!)
        _ = recorded.train(top)
        // Folded again: a top with the trained parameters, statistics included, answers the same.
        let again = TrainableTop(
            TopFixtures.blocks("efficientnet"), latent: top.latent, head: top.head, batch: 4,
            instructionSet: InstructionSet.available.last!
        ) { top.elements(of: $0.name) }
        #expect(again.logits(of: recorded.latents.span) == top.logits(of: recorded.latents.span))
    }

    @Test func headBeginsWithinTheRootOfItsInputs() {
        let head = TopHead(labelCount: 9, hiddenCount: 25)
        var generator = SeededGenerator(seed: 1)
        let top = TrainableTop(
            [], latent: MapShape(height: 1, width: 1, channels: 100), head: head, batch: 1,
            instructionSet: InstructionSet.available.last!
        ) { head.initialElements(of: $0, features: 100, using: &generator) }
        for (name, count, bound) in [
            ("hidden.weight", 2500, Float(0.1)), ("hidden.bias", 25, 0.1), ("output.weight", 225, 0.2),
            ("output.bias", 9, 0.2),
        ] {
            let elements = top.elements(of: "head.\(name)")
            #expect(elements.count == count && elements.allSatisfy { abs($0) <= bound })
            #expect(elements.contains { abs($0) > bound / 2 })
        }
    }

    @Test func keptWeightsComeBack() throws {
        let recorded = try Recorded.named("bottleneck")
        let top = recorded.top(InstructionSet.available.last!)
        let (weights, logits) = (top.weights, top.logits(of: recorded.latents.span))
        _ = recorded.train(top)
        #expect(top.logits(of: recorded.latents.span) != logits)
        top.weights = weights
        #expect(top.logits(of: recorded.latents.span) == logits)
    }

    @Test func dropoutDropsAboutItsRateAndOnlyWhileTraining() {
        let head = TopHead(labelCount: 3, hiddenCount: 4096, dropout: 0.25)
        let latent = MapShape(height: 1, width: 1, channels: 6)
        let top = TrainableTop(
            [], latent: latent, head: head, batch: 1, instructionSet: InstructionSet.available.last!
        ) { parameter in
            // Every hidden unit is 1, whatever the latent.
            let count = parameter.shape.reduce(1, *)
            return [Float](repeating: parameter.name == "head.hidden.bias" ? 1 : 0, count: count)
        }
        let input = [Float](repeating: 1, count: 6)
        func hidden(_ seed: UInt64?) -> [Float] {
            _ = top.differentiate(input.span, labels: [0], dropoutSeed: seed)
            // ∂loss/∂weight is the hidden unit times ∂loss/∂logit, which is 1/3 - 1.
            return top.gradient(of: "head.output.weight")[..<4096].map { $0 / (1 / 3 - 1) }
        }
        #expect(hidden(nil).allSatisfy { abs($0 - 1) < 1e-5 })
        let dropped = hidden(1)
        #expect(dropped.allSatisfy { $0 == 0 || abs($0 - 4 / 3) < 1e-5 })
        // 1024 of 4096, with a standard deviation of 28.
        #expect(abs(dropped.count { $0 == 0 } - 1024) < 140)
        #expect(hidden(1) == dropped && hidden(2) != dropped)
        #expect(top.logits(of: input.span) == [0, 0, 0])
    }
}

/// The blocks that `make_training.py` has.
enum TopFixtures {
    static func blocks(_ name: String) -> [Block] {
        let mean = Block("pool", [.globalAveragePooling])
        switch name {
        case "resnet18":
            let blocks = Architecture.resNet18.blocks
            return blocks.filter { $0.name.hasPrefix("layer4") } + [mean]
        case "bottleneck":
            return [bottleneck("layer4.0", from: 24, stride: 2), bottleneck("layer4.1", from: 64, stride: 1), mean]
        case "efficientnet":
            return [
                inverted("block6a", from: 10, to: 20, kernel: 5, stride: 2),
                inverted("block6b", from: 20, to: 20, kernel: 5, stride: 1),
                inverted("block7a", from: 20, to: 24, kernel: 3, stride: 1),
                Block(
                    "final",
                    [
                        convolution(
                            "convolution", from: 24, to: 70, kernel: 1, padding: .same, epsilon: 1e-3,
                            activation: .relu6), .globalAveragePooling,
                    ]),
            ]
        case "vgg":
            let pooling = Layer.pooling(Pooling(.max, kernel: 2, stride: 2))
            return [
                Block("features.0", [convolution("conv", from: 10, to: 18, kernel: 3, epsilon: nil)]),
                Block("features.2", [pooling]),
                Block("features.3", [convolution("conv", from: 18, to: 24, kernel: 3, epsilon: nil)]),
                Block("features.5", [pooling]), mean,
            ]
        default: preconditionFailure("no top is called \(name)")
        }
    }

    static func convolution(
        _ name: String, from input: Int, to output: Int, kernel: Int, stride: Int = 1, padding: Padding? = nil,
        dilation: Int = 1, groups: Int = 1, epsilon: Float? = 1e-5, hasBias: Bool? = nil,
        activation: Activation = .relu
    ) -> Layer {
        .convolution(
            Convolution(
                name, from: input, to: output, kernel: kernel, stride: stride,
                padding: padding ?? .symmetric(kernel / 2), dilation: dilation, groups: groups,
                normalizationEpsilon: epsilon, hasBias: hasBias, activation: activation, sources: []))
    }

    private static func bottleneck(_ name: String, from input: Int, stride: Int) -> Block {
        let downsample = convolution("downsample", from: input, to: 64, kernel: 1, stride: stride, activation: .none)
        guard case .convolution(let projection) = downsample else { preconditionFailure() }
        return Block(
            name,
            [
                convolution("conv1", from: input, to: 16, kernel: 1),
                convolution("conv2", from: 16, to: 16, kernel: 3, stride: stride),
                convolution("conv3", from: 16, to: 64, kernel: 1),
            ], shortcut: stride == 1 ? .identity : .projection(projection))
    }

    private static func inverted(_ name: String, from input: Int, to output: Int, kernel: Int, stride: Int) -> Block {
        Block(
            name,
            [
                convolution(
                    "expand", from: input, to: 6 * input, kernel: 1, padding: .same, epsilon: 1e-3,
                    activation: .relu6),
                convolution(
                    "depthwise", from: 6 * input, to: 6 * input, kernel: kernel, stride: stride, padding: .same,
                    groups: 6 * input, epsilon: 1e-3, activation: .relu6),
                convolution(
                    "project", from: 6 * input, to: output, kernel: 1, padding: .same, epsilon: 1e-3,
                    activation: .none),
            ], shortcut: stride == 1 && input == output ? .identity : .none)
    }
}
