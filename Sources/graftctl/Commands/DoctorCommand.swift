import ArgumentParser
import Foundation
import GraftAPI
import GraftClient

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Find out what is wrong with the daemon's state, and repair it.",
        discussion: """
            Looks at the database (pages, indexes, schema), whether what was learned equals the samples, at the digests of \
            versions and backbones, at files that nobody knows, permissions, the lock and the disk. A running daemon is \
            asked; without one the state folder is read.

            --repair needs the daemon stopped. It removes half written files, makes damaged indexes again, copies what can \
            be read of a damaged database into a new one (the damaged one is kept), marks versions whose files are lost, \
            and learns again from the samples what was learned wrongly. What it cannot repair it explains.

            Exit status: 0 nothing is wrong; 1 something is, and is explained.

            Examples:
              graftctl doctor
              sudo systemctl stop graftd.socket graftd.service && sudo graftctl doctor --repair
              graftctl doctor --state ~/graftd --json
            """)

    @Option(help: ArgumentHelp("Look at this state folder, instead of asking the daemon.", valueName: "dir"))
    var state: String?
    @Option(help: ArgumentHelp("The daemon's settings, which name the state folder.", valueName: "file"))
    var config: String?
    @Flag(help: "Repair what can be repaired; the daemon must not run.") var repair = false
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func run() async throws {
        let examination = try await examination()
        if output.json {
            try Terminal.print(json: examination)
        } else {
            show(examination)
        }
        if !examination.isHealthy { throw ExitCode.failure }
    }

    private func examination() async throws -> Examination {
        guard state == nil else { return try readFolder() }
        do {
            return try await GraftClient.withClient(socket: connection.path()) { client in
                // Whether it runs comes first: a repair would only say that it does.
                if repair { throw try await Self.inUse(client) }
                return try await client.examination()
            }
        } catch let error as ClientError {
            guard case .noDaemon = error, connection.socket == nil else { throw error }
            var examination = try readFolder()
            examination.findings.append(
                Finding("socket", .note, "no daemon answers", remedy: "start it: systemctl start graftd.socket"))
            return examination
        }
    }

    private static func inUse(_ client: GraftClient) async throws -> CommandFailure {
        let status = try await client.status()
        return CommandFailure(
            "graftd runs (process \(status.pid)), and nothing is repaired under it: stop it first, for instance with "
                + "`systemctl stop graftd.socket graftd.service`, or name another folder with --state")
    }

    /// What `graftd doctor` finds: only the daemon's program reads the store.
    private func readFolder() throws -> Examination {
        let process = Process()
        process.executableURL = try Self.graftd()
        process.arguments =
            ["doctor"] + (state.map { ["--state", $0] } ?? [])
            + (config.map { ["--config", $0] } ?? []) + (repair ? ["--repair"] : [])
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let found = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard let examination = try? APICoding.decoder().decode(Examination.self, from: found) else {
            throw CommandFailure("graftd doctor ended with status \(process.terminationStatus) and said nothing")
        }
        return examination
    }

    /// The daemon's program: beside this one, else where PATH says.
    private static func graftd() throws(CommandFailure) -> URL {
        let own = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders = [own.path] + path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/bin"]
        guard let found = folders.map({ "\($0)/graftd" }).first(where: FileManager.default.isExecutableFile) else {
            throw CommandFailure("cannot find the program graftd, which reads the state: add its folder to PATH")
        }
        return URL(filePath: found)
    }

    private func show(_ examination: Examination) {
        print("State \(examination.state.printable)\(examination.inUse ? ", in use" : "")")
        for finding in examination.findings {
            let (mark, style): (String, Terminal.Style) =
                switch finding.severity {
                case .good: ("ok", .green)
                case .note: ("note", .dim)
                case .repaired: ("repaired", .yellow)
                case .problem: ("PROBLEM", .red)
                }
            let padding = String(repeating: " ", count: 8 - mark.count)
            print("\(Terminal.styled(mark, style))\(padding)  \(finding.subject): \(finding.detail.printable)")
            if let remedy = finding.remedy { print("          → \(remedy.printable)") }
        }
        print(examination.isHealthy ? "Nothing is wrong." : "Something is wrong; see above.")
    }
}
