import Foundation
import GraftLearning
import GraftNetwork
import Testing

@Suite struct TuningRecipeTests {
    private static func recipe(_ json: String) throws -> TuningRecipe {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(TuningRecipe.self, from: Data(json.utf8))
    }

    @Test func everythingMayBeLeftOut() throws {
        #expect(try Self.recipe("{}") == TuningRecipe())
        #expect(TuningRecipe().problems.isEmpty)
    }

    @Test func namedPartsReplaceDefaults() throws {
        let recipe = try Self.recipe(
            """
            {"cut": "layer4", "head": "mlp", "hidden": 64, "dropout": 0.5, "head_start": "random", "optimizer": "adamw",
             "weight_decay": 0.01, "head_rate": 0.002, "block_rate": 0.0003, "block_rates": {"layer4.1": 0.0001},
             "block_decay": 0.5, "schedule": "cosine", "warm_up": 0.1, "epochs": 4, "batch": 16, "shuffle": false,
             "mirror": true, "label_smoothing": 0.1, "label_balance": 1, "logit_adjustment": 0.5, "validation": true,
             "patience": 2, "averaging": "moving", "averaging_decay": 0.9, "averaged_epochs": 5}
            """)
        var expected = TuningRecipe()
        (expected.cut, expected.head, expected.hidden, expected.dropout) = ("layer4", .mlp, 64, 0.5)
        (expected.optimizer, expected.weightDecay, expected.headRate) = (.adamw, 0.01, 0.002)
        (expected.blockRate, expected.blockRates, expected.blockDecay) = (0.0003, ["layer4.1": 0.0001], 0.5)
        (expected.schedule, expected.warmUp, expected.epochs, expected.batch) = (.cosine, 0.1, 4, 16)
        (expected.shuffle, expected.mirror, expected.labelSmoothing) = (false, true, 0.1)
        (expected.labelBalance, expected.logitAdjustment) = (1, 0.5)
        (expected.validation, expected.patience, expected.averaging) = (true, 2, .moving)
        (expected.averagingDecay, expected.averagedEpochs) = (0.9, 5)
        #expect(recipe == expected && recipe.problems.isEmpty)
    }

    @Test(arguments: [TuningRecipe.featureExtraction, .fineTuning, .layerWise])
    func comesBackFromItsJSON(_ recipe: TuningRecipe) throws {
        #expect(try JSONDecoder().decode(TuningRecipe.self, from: JSONEncoder().encode(recipe)) == recipe)
        #expect(recipe.problems.isEmpty)
    }

    @Test func unknownPartIsNamedWithTheKnown() throws {
        let error = #expect(throws: DecodingError.self) { try Self.recipe(#"{"epoch": 3}"#) }
        guard case .dataCorrupted(let context)? = error else { return #expect(Bool(false), "\(error as Any)") }
        #expect(context.debugDescription.contains("no part called 'epoch'"))
        #expect(context.debugDescription.contains("epochs"))
    }

    @Test func allProblemsAreListedAtOnce() {
        var recipe = TuningRecipe()
        (recipe.epochs, recipe.batch, recipe.dropout, recipe.headRate) = (0, 5000, 1, -1)
        recipe.blockRates = ["layer4": .nan]
        (recipe.patience, recipe.head, recipe.headStart) = (3, .mlp, .solved)
        #expect(
            recipe.problems == [
                "dropout is 1.0, expected 0.0 to 0.95", "head_rate is -1.0, expected 0.0 to 10.0",
                "block_rates of layer4 is nan, expected 0.0 to 10.0", "epochs is 0, expected 1 to 10000",
                "batch is 5000, expected 1 to 1024",
                "patience is set without validation, which it waits for: set validation",
                "head_start solved needs a linear head: use head linear, or head_start random",
            ])
        #expect(throws: TuningError.invalidRecipe(problems: recipe.problems)) { _ = try TinyTask.tuning(recipe) }
    }

    @Test func averagingOfEpochsAndValidationExclude() {
        var recipe = TuningRecipe()
        (recipe.averaging, recipe.validation) = (.epochs, true)
        #expect(recipe.problems.count == 1)
    }

    @Test func unknownBlockIsNamedWithTheKnown() {
        let known = ["stage1.0", "stage2.0", "stage2.1", "pool"]
        #expect(throws: TuningError.unknownBlocks(names: ["layer4", "stage3"], known: known)) {
            _ = try TinyTask.tuning(
                TinyTask.recipe {
                    $0.cut = "layer4"
                    $0.blockRates = ["stage3": 1, "stage2": 1]
                })
        }
    }

    @Test func blockThatBranchesIsRefused() {
        let block = Block(
            "branch", nodes: [.init(.activation(.relu), of: [0]), .init(.globalAveragePooling, of: [1])])
        #expect(throws: TuningError.untrainableBlock(name: "branch")) {
            _ = try TopTuning(TuningRecipe(), blocks: [block], instructionSet: .available.last!) { _ in [] }
        }
    }
}
