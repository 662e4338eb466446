import ArgumentParser
import Foundation
import GraftCheckpoint
import GraftImport
import GraftNetwork
import GraftTensor

struct BackboneRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Put tensors through a network, to compare with the framework that its weights came from.",
        discussion: """
            The input is a NumPy file of 32-bit floats, images that are prepared already: resized, cropped and \
            normalised, in the order of channels that the network expects. The output is what the network, or the block \
            that --until names, makes of them: features [N, D], or maps in the layout of the input. A stage's name \
            means its last block.

            Examples:
              graftctl backbone run shop --state ./state --input images.npy --output features.npy
              graftctl backbone run shop --state ./state --input x.npy --output y.npy --until layer3 --layout nchw
            """)

    enum Layout: String, ExpressibleByArgument, CaseIterable {
        case nhwc, nchw
    }

    @OptionGroup var reference: BackboneReference
    @Option(help: ArgumentHelp("Images, [N, H, W, 3] or one [H, W, 3].", valueName: "x.npy")) var input: String
    @Option(help: ArgumentHelp("Where the result goes.", valueName: "y.npy")) var output: String
    @Option(help: ArgumentHelp("The last block that runs.", valueName: "block")) var until: String?
    @Option(help: "Whether channels come last, or before height and width.") var layout = Layout.nhwc

    func run() async throws {
        let backbone = try reference.load(until: until, allowsRandomWeights: false)
        let images = try read(side: backbone.inputShape[1])
        let shape = backbone.architecture.latent(before: backbone.architecture.blocks.count)
        let workspaces = backbone.makeWorkspaces()
        var results: [Float] = []
        let count = images.count / backbone.inputShape.reduce(1, *)
        for i in 0..<count {
            let length = images.count / count
            let image = Tensor(shape: backbone.inputShape, elements: Array(images[i * length..<(i + 1) * length]))
            let result = backbone.features(of: image, in: workspaces)
            results += layout == .nchw ? transposed(result, rows: shape.pixels, columns: shape.channels) : result
        }
        let isMap = until != nil && shape.pixels > 1
        let sides =
            layout == .nchw
            ? [shape.channels, shape.height, shape.width] : [shape.height, shape.width, shape.channels]
        let array = NumPyArray(shape: [count] + (isMap ? sides : [shape.channels]), elements: results)
        do { try array.write(to: output) } catch { throw CommandFailure("\(error)") }
        print("\(output): \(array.shape.map(String.init).joined(separator: " x ")) 32-bit floats")
    }

    /// The images `[N, H, W, 3]`.
    private func read(side: Int) throws -> [Float] {
        let array: NumPyArray
        do { array = try NumPyArray(path: input) } catch { throw CommandFailure("\(input): \(error)") }
        let shape = array.shape.count == 3 ? [1] + array.shape : array.shape
        let expected = layout == .nhwc ? [side, side, 3] : [3, side, side]
        guard shape.count == 4, Array(shape.dropFirst()) == expected, shape[0] > 0 else {
            let sides = expected.map(String.init).joined(separator: ", ")
            throw CommandFailure(
                "\(input) is \(array.shape), expected [N, \(sides)]"
                    + (layout == .nhwc ? "; --layout nchw says that channels come first" : ""))
        }
        guard layout == .nchw else { return array.elements }
        let length = side * side * 3
        return (0..<shape[0]).flatMap {
            transposed(Array(array.elements[$0 * length..<($0 + 1) * length]), rows: 3, columns: side * side)
        }
    }

    /// `[rows, columns]` to `[columns, rows]`.
    private func transposed(_ elements: [Float], rows: Int, columns: Int) -> [Float] {
        guard rows > 1, columns > 1 else { return elements }
        return (0..<columns).flatMap { c in (0..<rows).map { elements[$0 * columns + c] } }
    }
}
