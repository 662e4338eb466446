import ArgumentParser
import GraftAPI
import GraftClient

struct BackboneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backbone",
        abstract: "Bring and list pretrained networks.",
        discussion: """
            Examples:
              graftctl backbone inspect weights.pth
              graftctl backbone import efficientnet-lite0.pth
              graftctl backbone list
              graftctl backbone blocks resnet50
            """,
        subcommands: [
            BackboneInspectCommand.self, BackboneImportCommand.self, BackboneListCommand.self,
            BackboneBlocksCommand.self, BackbonePlanCommand.self, BackboneRunCommand.self,
        ])
}

struct BackboneListCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the backbones that the daemon holds.",
        discussion: """
            The one with a star answers, from the samples that have its features.

            Examples:
              graftctl backbone list
              graftctl backbone plan resnet50
              graftctl backbone list --json | jq '.backbones[].fingerprint'
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func run(_ client: GraftClient) async throws {
        let backbones = try await client.backbones()
        if output.json { return try Terminal.print(json: BackboneList(backbones: backbones)) }
        let status = try await client.status()
        guard !backbones.isEmpty else { return print("No backbone yet; graftctl backbone import FILE brings one.") }
        var table = TextTable([
            .init(""), .init("name"), .init("architecture"), .number("parameters"), .number("features"),
            .number("side"), .number("samples"), .init("fingerprint"),
        ])
        for backbone in backbones {
            table.add(
                backbone.loaded ? "*" : "", backbone.name, backbone.architecture, "\(backbone.parameterCount)",
                "\(backbone.featureCount)", "\(backbone.imageSide)", backbone.samples.map(String.init) ?? "-",
                String(backbone.fingerprint.prefix(12)))
        }
        Terminal.print(table)
        if let words = status.extractionWords { print(words.printable) }
    }
}
