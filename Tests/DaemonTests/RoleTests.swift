import Foundation
import Glibc
import GraftAPI
import GraftClient
import Testing
import TestSupport

extension DaemonTests {
    /// What other users of this machine may do, tried as such users.
    @Suite(.enabled(if: geteuid() == 0, "needs root, who can be anybody: run the tests as root"))
    struct RoleTests {
        /// Groups that every Debian system has, in the place of ours, which none has before graftd is installed.
        private static let configuration = "classifyGroup: daemon\nteachGroup: bin\nadminGroup: sys"
        private static let nobody = 65_534

        private struct Person: Sendable, CustomTestStringConvertible {
            var name: String
            /// As `setpriv` has them.
            var arguments: [String]
            var allowed: Set<String>
            var testDescription: String { name }
        }

        private static let people = [
            Person(name: "a stranger", arguments: ["--regid", "65534", "--clear-groups"], allowed: []),
            Person(
                name: "of the first group", arguments: ["--regid", "65534", "--groups", "1"], allowed: ["classify"]),
            Person(
                name: "of the second group, as the primary one", arguments: ["--regid", "2", "--clear-groups"],
                allowed: ["classify", "teach"]),
            Person(
                name: "of all groups", arguments: ["--regid", "65534", "--groups", "1,2,3"],
                allowed: ["classify", "teach", "admin"]),
        ]

        /// Operations that change nothing without a backbone, and the role that each needs.
        private static let operations = [
            ("classify", "GET", "/v1/status"), ("classify", "GET", "/metrics"), ("classify", "POST", "/v1/classify"),
            ("classify", "GET", "/v2/health/live"), ("classify", "GET", "/openapi.yaml"),
            ("classify", "POST", "/v2/models/graftd/infer"),
            ("teach", "GET", "/v1/samples"), ("teach", "POST", "/v1/samples"), ("teach", "PATCH", "/v1/labels/none"),
            ("admin", "POST", "/v1/train"), ("admin", "DELETE", "/v1/samples/none"),
            ("admin", "GET", "/v1/versions/1/export"), ("admin", "POST", "/v1/versions/1/activate"),
            ("admin", "POST", "/v1/reload"), ("admin", "PUT", "/v1/backbones/x"),
        ]

        private func ask(_ method: String, _ path: String, _ socket: String, as person: [String]) throws -> String {
            try ProgramRun(
                URL(filePath: "/usr/bin/setpriv"),
                ["--reuid", "\(Self.nobody)"] + person
                    + ["curl", "-s", "-i", "-X", method, "--unix-socket", socket, "http://localhost\(path)"]
            ).output
        }

        @Test func aUserMayDoWhatTheirGroupsMay() async throws {
            try await RunningDaemon.with(backbone: false, configuration: Self.configuration) { daemon in
                chmod(daemon.folder.url.path, 0o755)
                var refused = 0
                for person in Self.people {
                    for (role, method, path) in Self.operations {
                        let answer = try ask(method, path, daemon.socket, as: person.arguments)
                        let isRefused = answer.hasPrefix("HTTP/1.1 403")
                        #expect(
                            isRefused != person.allowed.contains(role), "\(person.name) \(method) \(path): \(answer)")
                        if isRefused {
                            refused += 1
                            #expect(answer.contains("needs the role \(role)"), "\(answer)")
                        }
                    }
                }
                // Root is asked nothing.
                _ = try await daemon.client.status()
                let metrics = try ProgramRun(
                    URL(filePath: "/usr/bin/curl"), ["-s", "--unix-socket", daemon.socket, "http://localhost/metrics"])
                let counted = metrics.output.matches(of: #/graftd_http_forbidden_total\{role="\w+"\} (\d+)/#)
                    .compactMap { Int($0.1) }
                #expect(counted.count == 3 && counted.reduce(0, +) == refused)
                // Each was refused, and the log says so once.
                let lines = daemon.logText.matches(of: #/a request was refused/#).count
                #expect(lines == 1, "\(daemon.logText)")
            }
        }

        @Test func nobodyElseCanReadWhatIsKept() async throws {
            try await RunningDaemon.with(backbone: Programs.weights != nil) { daemon in
                if Programs.weights != nil { try await daemon.teach(perKind: 1) }
                let files = try #require(FileManager.default.enumerator(atPath: daemon.state)).compactMap {
                    $0 as? String
                }
                #expect(files.contains("graftd.sqlite"))
                for file in files {
                    var status = stat()
                    lstat("\(daemon.state)/\(file)", &status)
                    #expect(status.st_mode & 0o077 == 0, "\(file) has mode \(String(status.st_mode & 0o777, radix: 8))")
                }
                chmod(daemon.folder.url.path, 0o755)
                let run = try ProgramRun(
                    URL(filePath: "/usr/bin/setpriv"),
                    [
                        "--reuid", "\(Self.nobody)", "--regid", "\(Self.nobody)", "--clear-groups", "cat",
                        "\(daemon.state)/graftd.sqlite",
                    ])
                #expect(run.status != 0 && run.errors.contains("ermission denied"))
            }
        }

        @Test func whoRunsItByHandIsAdmin() async throws {
            // A folder that they own, and a program that they can reach.
            let folder = try TemporaryFolder()
            let program = folder.file("graftd")
            try FileManager.default.copyItem(at: Programs.graftd, to: program)
            chmod(folder.url.path, 0o777)
            let socket = folder.file("s").path
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/setpriv")
            process.arguments = [
                "--reuid", "\(Self.nobody)", "--regid", "\(Self.nobody)", "--clear-groups", program.path,
                "--socket", socket, "--state", folder.file("state").path,
            ]
            process.standardError = FileHandle.nullDevice
            try process.run()
            defer {
                process.terminate()
                process.waitUntilExit()
            }
            let limit = ContinuousClock.now + .seconds(30)
            while process.isRunning, ContinuousClock.now < limit, (try? RawConnection(socket: socket)) == nil {
                try await Task.sleep(for: .milliseconds(50))
            }
            try #require(process.isRunning, "an ordinary user cannot run the program; where is Swift installed?")
            // 503: there is no backbone, but they might.
            let own = try ask("POST", "/v1/train", socket, as: ["--regid", "65534", "--clear-groups"])
            #expect(own.hasPrefix("HTTP/1.1 503"), "\(own)")
            let root = try ProgramRun(
                URL(filePath: "/usr/bin/curl"),
                ["-s", "-i", "-X", "POST", "--unix-socket", socket, "http://localhost/v1/train"])
            #expect(root.output.hasPrefix("HTTP/1.1 503"), "\(root.output)")
            let other = try ProgramRun(
                URL(filePath: "/usr/bin/setpriv"),
                [
                    "--reuid", "1", "--regid", "1", "--clear-groups", "curl", "-s", "-i", "--unix-socket", socket,
                    "http://localhost/v1/status",
                ])
            #expect(other.output.hasPrefix("HTTP/1.1 403"), "\(other.output)")
        }
    }
}
