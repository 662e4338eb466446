import ArgumentParser
import GraftImage
import GraftImport

/// How the images of a backbone are prepared, where the file does not say it right.
struct PreprocessingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The side of the network's images, pixels.", valueName: "side")) var size: Int?
    @Option(
        help: ArgumentHelp("What the shorter side is resized to before the middle is cut out.", valueName: "pixels"))
    var resize: Int?
    @Option(help: ArgumentHelp("bilinear or bicubic.", valueName: "name")) var interpolation: Interpolation?
    @Option(help: ArgumentHelp("Is subtracted, of 0...1.", valueName: "R,G,B")) var mean: Colours?
    @Option(help: ArgumentHelp("Is divided by, of 0...1.", valueName: "R,G,B")) var std: Colours?
    @Option(help: ArgumentHelp("rgb or bgr.", valueName: "order")) var channelOrder: Preprocessing.ChannelOrder?
    @Option(
        help: ArgumentHelp(
            "timm's config.json or transformers' preprocessor_config.json; may be repeated.", valueName: "file"))
    var config: [String] = []

    /// Three numbers.
    struct Colours: ExpressibleByArgument {
        let values: [Float]

        init?(argument: String) {
            let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
            values = parts.compactMap { Float($0) }
            guard values.count == 3, parts.count == 3 else { return nil }
        }
    }

    var changes: PreprocessingChanges {
        var changes = PreprocessingChanges()
        changes.side = size
        changes.resizedSide = resize
        changes.interpolation = interpolation
        changes.channelOrder = channelOrder
        changes.mean = mean?.values
        changes.standardDeviation = std?.values
        return changes
    }
}

extension Interpolation: ExpressibleByArgument {}
extension Preprocessing.ChannelOrder: ExpressibleByArgument {}
