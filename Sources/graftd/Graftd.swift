import ArgumentParser
import Glibc
import GraftService

@main
struct Graftd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graftd",
        abstract: "Teaches a pretrained vision network new labels on this device, and answers over a Unix socket.",
        version: GraftService.programVersion,
        subcommands: [Serve.self, Bridge.self, Train.self, Doctor.self, Manual.self],
        defaultSubcommand: Serve.self)

    static func main() async {
        // A client or a trainer that goes away is an error of that write, not the end of the daemon.
        signal(SIGPIPE, SIG_IGN)
        ProcessLimits.keepFilesPrivate()
        await main(nil)
    }
}
