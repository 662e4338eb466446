import ArgumentParser

/// Measures this build on this machine.
@main
struct Graftbench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graftbench", abstract: "Measures graftd's parts on this machine.",
        subcommands: [
            Auto.self, Fit.self, Head.self, Infer.self, Load.self, Memory.self, Refit.self, Scaling.self, Serve.self,
            Start.self, State.self, Sureness.self, TrainStep.self, Unknown.self,
        ])
}
