import Foundation
import TestSupport
import Testing

extension DaemonTests {
    /// The manual and the completions, as the built programs write them.
    @Suite struct ManualTests {
        private static func find(_ program: String) -> URL? {
            ["/usr/bin", "/bin", "/usr/local/bin"].map { URL(filePath: "\($0)/\(program)") }
                .first { FileManager.default.isExecutableFile(atPath: $0.path) }
        }

        private static func isThere(_ programs: String...) -> Bool { programs.allSatisfy { find($0) != nil } }

        private let folder: TemporaryFolder
        private let files: [String]

        init() throws {
            folder = try TemporaryFolder()
            var files: [String] = []
            for program in [Programs.graftctl, Programs.graftd] {
                let run = try ProgramRun(
                    program, ["manual", "--prefix", folder.url.path], environment: ["SOURCE_DATE_EPOCH": "1790000000"])
                try #require(run.status == 0, "\(run.errors)")
                files += run.output.split(separator: "\n").map(String.init)
            }
            self.files = files
        }

        private var pages: [String] { files.filter { $0.contains("/man/") } }

        private func run(_ program: String, _ arguments: [String], _ environment: [String: String] = [:]) throws
            -> ProgramRun
        {
            try ProgramRun(
                try #require(Self.find(program)), arguments,
                environment: ["LC_ALL": "C.UTF-8"].merging(environment) { $1 })
        }

        @Test func thereIsAPageForEveryCommandAndTheSettings() throws {
            let names = Set(pages.map { URL(filePath: $0).lastPathComponent })
            #expect(names.isSuperset(of: ["graftctl.1", "graftd.8", "graftd.yaml.5"]))
            for command in ["backup", "restore", "samples", "labels", "watch", "check", "teach", "export"] {
                #expect(names.contains("graftctl-\(command).1"))
            }
            #expect(!names.contains("graftctl-manual.1"), "what help hides has no page")
            let samples = try String(contentsOf: folder.file("share/man/man1/graftctl-samples.1"), encoding: .utf8)
            for words in [".Ss \"samples relabel\"", ".Fl -negative", ".Dd September 21, 2026"] {
                #expect(samples.contains(words), "\(words)")
            }
            let settings = try String(contentsOf: folder.file("share/man/man5/graftd.yaml.5"), encoding: .utf8)
            #expect(settings.contains(".It pixelLimit") && settings.contains("GRAFTD_PIXEL_LIMIT"))
        }

        @Test(.enabled(if: isThere("mandoc"), "needs mandoc"))
        func mandocFindsNothing() throws {
            for page in pages {
                let run = try run("mandoc", ["-Tlint", "-Wwarning", folder.file(page).path])
                #expect(run.output.isEmpty && run.errors.isEmpty, "\(run.output)\(run.errors)")
            }
        }

        @Test(.enabled(if: isThere("man", "lexgrog"), "needs man-db"))
        func manShowsThemWithoutAWarningAndFindsTheirNames() throws {
            for page in pages {
                let path = folder.file(page).path
                let shown = try run(
                    "man", ["--warnings", "-E", "UTF-8", "-l", path], ["MANWIDTH": "80", "MANPAGER": "cat"])
                #expect(shown.status == 0 && shown.errors.isEmpty, "\(page): \(shown.errors)")
                let name = URL(filePath: page).deletingPathExtension().lastPathComponent
                let names = try run("lexgrog", [path])
                #expect(names.status == 0 && names.output.contains("\"\(name) - "), "\(names.output)")
            }
        }

        @Test(arguments: ["bash", "zsh", "fish"])
        func shellsReadTheirCompletions(shell: String) throws {
            let scripts = files.filter { $0.contains("/\(shell)") }
            #expect(scripts.count == 2)
            guard Self.isThere(shell) else { return print("\(shell) is not installed: its completions were not read") }
            for script in scripts {
                let run = try run(shell, ["-n", folder.file(script).path])
                #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
            }
        }
    }
}
