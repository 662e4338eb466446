import ArgumentParser
import GraftAPI

/// How a training job learns by gradient steps; what is left out is as in the recipe, or the daemon's choice.
struct RecipeOptions: ParsableArguments {
    @Option(help: "feature-extraction, fine-tuning or layer-wise.") var recipe: RecipeName?
    @Option(help: ArgumentHelp("Where the top begins: a name of graftctl backbone blocks.", valueName: "block"))
    var cut: String?
    @Option(help: "linear, or mlp: a hidden layer with ReLU before it.") var head: TrainingRecipe.Head?
    @Option(help: ArgumentHelp("The width of an mlp's hidden layer.", valueName: "units")) var hidden: Int?
    @Option(help: ArgumentHelp("The part of features that is dropped while training.", valueName: "part"))
    var dropout: Double?
    @Option(help: "solved: the head begins at the best linear head; random.") var headStart: TrainingRecipe.HeadStart?
    @Option(help: "adam or adamw.") var optimizer: TrainingRecipe.Optimizer?
    @Option(help: ArgumentHelp("How much weights decay.", valueName: "factor")) var weightDecay: Double?
    @Option(help: ArgumentHelp("The head's learning rate.", valueName: "rate")) var headRate: Double?
    @Option(help: ArgumentHelp("The blocks' learning rate.", valueName: "rate")) var blockRate: Double?
    @Option(
        name: .customLong("rate"),
        help: ArgumentHelp("The learning rate of one block or stage; may be repeated.", valueName: "block=rate"))
    var rates: [BlockRate] = []
    @Option(help: ArgumentHelp("What rates are multiplied with from a block to the one below.", valueName: "factor"))
    var blockDecay: Double?
    @Option(help: "constant or cosine.") var schedule: TrainingRecipe.Schedule?
    @Option(help: ArgumentHelp("The part of all steps in which rates rise from 0.", valueName: "part"))
    var warmUp: Double?
    @Option(help: ArgumentHelp("How often every sample is learned.", valueName: "number")) var epochs: Int?
    @Option(help: ArgumentHelp("Samples of a step.", valueName: "number")) var batch: Int?
    @Flag(inversion: .prefixedNo, help: "Mirror latents left to right half of the times.") var mirror: Bool?
    @Option(help: ArgumentHelp("How much of a target is shared among labels.", valueName: "part"))
    var labelSmoothing: Double?
    @Option(help: ArgumentHelp("0: samples count the same; 1: labels do.", valueName: "part"))
    var labelBalance: Double?
    @Option(help: ArgumentHelp("How much frequent labels are not preferred.", valueName: "part"))
    var logitAdjustment: Double?
    @Flag(inversion: .prefixedNo, help: "Hold samples out, and keep the epoch that is best on them.")
    var validation: Bool?
    @Option(help: ArgumentHelp("Epochs without progress after which it ends.", valueName: "epochs")) var patience: Int?
    @Option(help: "none, moving or epochs: which weights are averaged.") var averaging: TrainingRecipe.Averaging?

    struct BlockRate: ExpressibleByArgument, Equatable {
        let block: String
        let rate: Double

        init?(argument: String) {
            // The last one: a block's name may have one too.
            guard let equals = argument.lastIndex(of: "="), equals != argument.startIndex,
                let rate = Double(argument[argument.index(after: equals)...])
            else { return nil }
            block = String(argument[..<equals])
            self.rate = rate
        }
    }

    /// Nil if nothing was asked for.
    var value: TrainingRecipe? {
        var value = TrainingRecipe(name: recipe)
        value.cut = cut
        value.head = head
        value.hidden = hidden
        value.dropout = dropout
        value.headStart = headStart
        value.optimizer = optimizer
        value.weightDecay = weightDecay
        value.headRate = headRate
        value.blockRate = blockRate
        value.blockRates = rates.isEmpty ? nil : Dictionary(rates.map { ($0.block, $0.rate) }) { $1 }
        value.blockDecay = blockDecay
        value.schedule = schedule
        value.warmUp = warmUp
        value.epochs = epochs
        value.batch = batch
        value.mirror = mirror
        value.labelSmoothing = labelSmoothing
        value.labelBalance = labelBalance
        value.logitAdjustment = logitAdjustment
        value.validation = validation
        value.patience = patience
        value.averaging = averaging
        return value == TrainingRecipe() ? nil : value
    }
}

extension RecipeName: ExpressibleByArgument {}
extension TrainingRecipe.Head: ExpressibleByArgument {}
extension TrainingRecipe.HeadStart: ExpressibleByArgument {}
extension TrainingRecipe.Optimizer: ExpressibleByArgument {}
extension TrainingRecipe.Schedule: ExpressibleByArgument {}
extension TrainingRecipe.Averaging: ExpressibleByArgument {}
