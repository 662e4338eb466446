import ArgumentParser
import Glibc
import GraftService
import GraftSystemd

@main
struct Graftd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graftd",
        abstract: "Teaches a pretrained vision network new labels on this device, and answers over a Unix socket.",
        version: GraftService.programVersion,
        subcommands: [Serve.self, Bridge.self, Train.self, Doctor.self, Manual.self],
        defaultSubcommand: Serve.self)

    /// What the service manager opened for this process. They are taken once, see `main`.
    static let inheritedSockets = Result { () throws(InheritedSocket.Failure) in try InheritedSocket.takeAll() }

    static func main() async {
        // First of all, as the environment changes with it, which threads may read.
        _ = inheritedSockets
        // A client or a trainer that goes away is an error of that write, not the end of the daemon.
        signal(SIGPIPE, SIG_IGN)
        ProcessLimits.keepFilesPrivate()
        await main(nil)
    }
}
