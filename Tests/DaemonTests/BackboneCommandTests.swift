import Foundation
import GraftCheckpoint
import GraftClient
import TestSupport
import Testing

extension DaemonTests {
    /// `graftctl backbone inspect`, `import`, `blocks` and `run`, on a state folder that no daemon uses.
    @Suite struct BackboneCommandTests {
        private let folder: TemporaryFolder
        private let state: String

        init() throws {
            folder = try TemporaryFolder()
            state = folder.file("state").path
            try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        }

        private static let graph = Fixture.url("onnx/basic.torchscript17.onnx").path

        private func run(_ arguments: String...) throws -> ProgramRun {
            try ProgramRun(Programs.graftctl, ["backbone"] + arguments)
        }

        private func imported(_ arguments: String...) throws -> ProgramRun {
            try ProgramRun(
                Programs.graftctl, ["backbone", "import", Self.graph, "--state", state] + arguments)
        }

        private struct Blocks: Decodable {
            struct Block: Decodable {
                let name: String
                let output: [Int]
                let parameters: Int
                let time_share: Double
                let latent_bytes: Int
            }

            let image_side: Int
            let features: Int
            let default_cut: String
            let blocks: [Block]
        }

        @Test func aGraphIsInspectedImportedListedAndRun() throws {
            let inspected = try run("inspect", Self.graph, "--tensors")
            #expect(inspected.status == 0, "\(inspected.errors)")
            #expect(inspected.output.contains("ONNX") && inspected.output.contains("Conv"))

            let imported = try imported("--json")
            try #require(imported.status == 0, "\(imported.errors)")
            #expect(imported.output.contains(#""matched""#) && imported.output.contains(#""preprocessing""#))
            // A graph has no name of its own.
            let name = "basic.torchscript17"
            let path = "\(state)/backbones/\(name)/backbone.safetensors"
            #expect(FileManager.default.fileExists(atPath: path))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: state).sorted() == ["backbones", "graftd.lock"])

            let listed = try run("blocks", name, "--state", state, "--json")
            try #require(listed.status == 0, "\(listed.errors)")
            let blocks = try JSONDecoder().decode(Blocks.self, from: Data(listed.output.utf8))
            #expect(abs(blocks.blocks.reduce(0) { $0 + $1.time_share } - 1) < 1e-9)
            #expect(blocks.blocks.allSatisfy { $0.latent_bytes == $0.output.reduce(1, *) })
            #expect(blocks.blocks.contains { $0.name == blocks.default_cut })
            #expect(blocks.blocks.last?.output == [1, 1, blocks.features])

            // The features of an image, and the map that a block in the middle gives, in both layouts.
            let side = blocks.image_side
            let image = folder.file("x.npy").path, output = folder.file("y.npy").path
            let elements = (0..<2 * side * side * 3).map { Float($0 * 37 % 101) / 50 - 1 }
            try NumPyArray(shape: [2, side, side, 3], elements: elements).write(to: image)
            let ran = try run("run", name, "--state", state, "--input", image, "--output", output)
            try #require(ran.status == 0, "\(ran.errors)")
            #expect(try NumPyArray(path: output).shape == [2, blocks.features])

            let middle = try #require(blocks.blocks.dropLast().last { $0.output[0] > 1 })
            let cut = try run(
                "run", path, "--input", image, "--output", output, "--until", middle.name)
            try #require(cut.status == 0, "\(cut.errors)")
            let maps = try NumPyArray(path: output)
            #expect(maps.shape == [2] + middle.output)

            func transposed(_ array: NumPyArray) -> NumPyArray {
                let (h, w, c) = (array.shape[1], array.shape[2], array.shape[3])
                var elements: [Float] = []
                for n in 0..<array.shape[0] {
                    for k in 0..<c { for p in 0..<h * w { elements.append(array.elements[(n * h * w + p) * c + k]) } }
                }
                return NumPyArray(shape: [array.shape[0], c, h, w], elements: elements)
            }
            try transposed(NumPyArray(path: image)).write(to: image)
            let flipped = try run(
                "run", path, "--input", image, "--output", output, "--until", middle.name, "--layout", "nchw")
            try #require(flipped.status == 0, "\(flipped.errors)")
            #expect(try NumPyArray(path: output) == transposed(maps))
        }

        @Test func whatCannotBeRunIsSaidInOneLine() throws {
            let image = folder.file("x.npy").path, output = folder.file("y.npy").path
            try NumPyArray(shape: [1, 8, 8, 3], elements: [Float](repeating: 0, count: 192)).write(to: image)
            try #require(try imported("--name", "graph").status == 0)
            for (arguments, words) in [
                (["graph", "--state", state, "--input", image], "[1, 8, 8, 3], expected [N, "),
                (["graph", "--state", state, "--input", image, "--until", "layer9"], "no block 'layer9'"),
                (["graph", "--state", state, "--input", "/no/such.npy"], "cannot open /no/such.npy"),
                (["graph", "--state", state, "--input", Self.graph], "no NumPy file"),
                (["shop", "--state", state, "--input", image], "'shop' is neither a backbone in"),
                (["resnet18", "--state", state, "--input", image], "without weights"),
                ([Self.graph, "--input", image], "no backbone's file"),
            ] {
                let run = try ProgramRun(Programs.graftctl, ["backbone", "run"] + arguments + ["--output", output])
                #expect(run.status == 1 && run.errors.contains(words), "\(run.errors)")
                #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
            }
            #expect(!FileManager.default.fileExists(atPath: output))
        }

        @Test func anImportThatFailsLeavesNothingBehind() throws {
            for (arguments, words) in [
                (["--size", "0"], "between 1 and 4096"), (["--mean", "123,116,103"], "divide those of 0...255 by 255"),
                (["--config", "/no/such.json"], "/no/such.json"),
            ] {
                let run = try ProgramRun(
                    Programs.graftctl, ["backbone", "import", Self.graph, "--state", state] + arguments)
                #expect(run.status == 1 && run.errors.contains(words), "\(run.errors)")
            }
            #expect(try imported("--cut", "layer4").status == 64)
            #expect(try imported("--arch", "resnet19").errors.contains("no architecture 'resnet19'"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: state) == ["graftd.lock"])
        }
    }
}
