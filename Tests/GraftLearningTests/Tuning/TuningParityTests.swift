import Foundation
import GraftLearning
import GraftNetwork
import GraftTensor
import TestBackbones
import TestSupport
import Testing

/// The classic recipes against the steps that PyTorch takes: see `Tests/Fixtures/network/make_recipes.py`.
@Suite struct TuningParityTests {
    /// How weights differ from those of the formula.
    struct Changes: Decodable {
        /// What γ and β are multiplied with.
        let normalization: Float?
        /// What filters are multiplied with, and what is added to the biases of their sums.
        let filters: Float?
        let bias: Float?
    }

    struct Recorded: Decodable {
        let name: ClassicRecipe
        /// `[N, H, W, C]`
        let latents: [Int]
        /// How strong the pattern of a label is beside noise; 0 for noise alone.
        let pattern: Float
        let labels: [Int64]
        let labelCount: Int
        let batch: Int
        let changes: Changes
        let losses: [Double]

        static func load() throws -> [Recorded] {
            try JSONDecoder().decode([Recorded].self, from: Data(Fixture.bytes("network/recipes.json")))
        }

        /// Noise, or what ReLU leaves of noise and of the patterns of labels.
        var latentValues: [Float] {
            let (name, channels) = ("\(name.rawValue).latents", latents[3])
            guard pattern > 0 else { return uniform(name, count: latents.reduce(1, *)) }
            let patterns = (0..<labelCount).map { uniform("\(name).\($0)", count: channels) }
            let count = latents[1] * latents[2] * channels
            return uniform(name, count: labels.count * count).enumerated().map { i, noise in
                max(0, noise + pattern * patterns[Int(labels[i / count])][i % channels])
            }
        }

        func elements(_ parameter: Parameter) -> [Float] {
            let elements = formulaElements(parameter)
            switch parameter.name.split(separator: ".").last! {
            case "gamma", "beta": return elements.map { $0 * (changes.normalization ?? 1) }
            case "weight": return elements.map { $0 * (changes.filters ?? 1) }
            case "bias": return elements.map { $0 + (changes.bias ?? 0) }
            default: return elements
            }
        }

        /// The head as the script begins with it.
        func head(featureCount: Int, hiddenCount: Int?) -> VersionHead {
            func weights(_ name: String, outputs: Int, inputs: Int) -> [Float] {
                let scale = Float((6 / Double(inputs)).squareRoot())
                return uniform("head.\(name).weight", count: outputs * inputs).map { $0 * scale }
            }
            func bias(_ name: String, count: Int) -> [Float] {
                uniform("head.\(name).bias", count: count).map { $0 * 0.2 }
            }
            let ids = (0..<labelCount).map(Int64.init)
            guard let hiddenCount else {
                return .linear(
                    LinearHead(
                        labels: ids, featureCount: featureCount, space: .plain,
                        weights: weights("output", outputs: labelCount, inputs: featureCount),
                        bias: bias("output", count: labelCount), temperature: 1))
            }
            return .mlp(
                MLPHead(
                    labels: ids, featureCount: featureCount,
                    hiddenWeights: weights("hidden", outputs: hiddenCount, inputs: featureCount),
                    hiddenBias: bias("hidden", count: hiddenCount),
                    weights: weights("output", outputs: labelCount, inputs: hiddenCount),
                    bias: bias("output", count: labelCount), temperature: 1))
        }
    }

    @Test(arguments: ClassicRecipe.allCases)
    func lossesOfTheFirst20StepsEqualPyTorchs(_ name: ClassicRecipe) throws {
        let recorded = try #require(try Recorded.load().first { $0.name == name })
        let architecture: Architecture =
            switch name {
            case .featureExtraction: .resNet18
            case .fineTuning: .vgg16
            case .layerWise: .resNet50
            }
        var recipe = name.recipe(for: architecture)
        // What the recording does without: another order, held-out samples, and more epochs.
        (recipe.shuffle, recipe.validation, recipe.patience) = (false, false, nil)
        (recipe.batch, recipe.epochs) = (recorded.batch, 20 * recorded.batch / recorded.labels.count)
        let cut = recipe.cut.flatMap(architecture.blocks(named:))?.lowerBound
        let blocks = cut.map { Array(architecture.blocks[$0...]) } ?? []
        let tuning = try TopTuning(
            recipe, blocks: blocks, instructionSet: .available.last!, elements: recorded.elements)
        let shape = recorded.latents
        let latents = HeldLatents(
            shape: MapShape(height: shape[1], width: shape[2], channels: shape[3]),
            values: recorded.latentValues)
        let head = recorded.head(
            featureCount: architecture.featureCount, hiddenCount: recipe.head == .mlp ? recipe.hidden : nil)

        var losses: [Double] = []
        _ = try tuning.train(
            .init(labels: recorded.labels, learned: Array(recorded.labels.indices)), latents: latents, seed: 1,
            start: head, progress: { losses.append($0.loss) })
        #expect(losses.count == 20 && recorded.losses.count == 20)
        for (step, (found, expected)) in zip(losses, recorded.losses).enumerated() {
            // The recording is in 64-bit; what 32-bit rounds off grows from step to step.
            #expect(abs(found / expected - 1) < 1e-3, "step \(step): \(found), PyTorch \(expected)")
        }
    }

    @Test func kerasFirstTenLayersOfVGG16StayFrozen() throws {
        let name = try #require(ClassicRecipe.fineTuning.recipe(for: .vgg16).cut)
        let cut = try #require(Architecture.vgg16.blocks(named: name)).lowerBound
        func kerasLayers(_ blocks: ArraySlice<Block>) -> [String] {
            blocks.flatMap(\.parameters).filter { $0.name.hasSuffix(".weight") }.compactMap { parameter in
                parameter.sources.first { $0.framework == .keras }.map { String($0.name.split(separator: "/")[0]) }
            }
        }
        #expect(
            kerasLayers(Architecture.vgg16.blocks[..<cut]) == [
                "block1_conv1", "block1_conv2", "block2_conv1", "block2_conv2", "block3_conv1", "block3_conv2",
                "block3_conv3",
            ])
        #expect(
            kerasLayers(Architecture.vgg16.blocks[cut...]) == [
                "block4_conv1", "block4_conv2", "block4_conv3", "block5_conv1", "block5_conv2", "block5_conv3",
            ])
        // After block3_pool.
        #expect(Architecture.vgg16.latent(before: cut) == MapShape(height: 28, width: 28, channels: 256))
    }

    @Test func layerWiseMeansTheLastStageWhereNothingIsCalledLayer4() throws {
        #expect(ClassicRecipe.layerWise.recipe(for: .resNet50).cut == "layer4")
        let recipe = ClassicRecipe.layerWise.recipe(for: .efficientNetLite0)
        #expect(recipe.cut == "blocks.11" && recipe.blockRate == 1e-4 && recipe.headRate == 1e-3)
        #expect(ClassicRecipe.fineTuning.recipe(for: .efficientNetLite0).cut == nil)
    }

    @Test func onlyFeatureExtractionNeedsNoLatents() {
        #expect(ClassicRecipe.allCases.filter { $0.recipe(for: .resNet18).trainsOnlyHead } == [.featureExtraction])
    }
}
