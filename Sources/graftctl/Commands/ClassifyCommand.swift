import ArgumentParser
import GraftAPI
import GraftClient

struct ClassifyCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "classify",
        abstract: "Say what images show.",
        discussion: """
            One image gets its five most probable labels, several get one line each; --top asks for more or fewer. \
            Files that are no images are reported, the others answered, and the exit status is then 1.

            Novelty is the share of known images that are more like what was learned. Beyond 95 % the image is probably \
            of no label that was taught, and is marked; so is one known image in twenty.

            --json prints one object per line and file, in the order given: {"answer": ..., "file": ...} or \
            {"error": ..., "file": ...}.

            Examples:
              graftctl classify holiday.jpg
              graftctl classify --top 3 *.png
              graftctl classify --json camera.jpg | jq -r .answer.label
            """)

    @Argument(help: "JPEG, PNG or PPM images.") var files: [String]
    @Option(help: ArgumentHelp("How many labels per image, best first (1 to 1000).", valueName: "count"))
    var top: Int?
    @OptionGroup var requests: JobsOption
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        if let top, !(1...1000).contains(top) { throw ValidationError("--top takes 1 to 1000, not \(top).") }
    }

    func run(_ client: GraftClient) async throws {
        let top = self.top ?? (files.count == 1 ? 5 : 1)
        var answers = [Int: Classification]()
        var failures = [Int: ImageFailure]()
        let progress = ProgressBar(title: "classifying", total: files.count)
        defer { progress.clear() }
        try await concurrently(files, jobs: requests.jobs) { path in
            await client.classify(file: path, top: top)
        } receive: { index, result in
            switch result {
            case .success(let answer): answers[index] = answer
            case .failure(let failure):
                if let error = failure.stopsEverything { throw error }
                failures[index] = failure
            }
            if files.count > 1 { progress.advance(to: answers.count + failures.count) }
        }
        progress.clear()

        if files.count == 1, let failure = failures[0], !output.json {
            throw CommandFailure("\(files[0]): \(failure.reason)")
        }
        if output.json {
            try printLines(answers, failures)
        } else {
            printTable(answers, failures)
        }
        if !failures.isEmpty {
            throw CommandFailure("\(failures.count) of \(Words.count(files.count, "file")) could not be classified")
        }
    }

    private func printTable(_ answers: [Int: Classification], _ failures: [Int: ImageFailure]) {
        var table = TextTable([
            .init("file"), .init("label"), .number("probability"), .init(""), .number("novelty"), .init(""),
        ])
        for (index, path) in files.enumerated() {
            for (rank, entry) in (answers[index]?.top ?? []).enumerated() {
                let bar = ProgressLine.bar(Double(entry.probability), cells: 20, unicode: Terminal.isUnicode)
                guard rank == 0, let answer = answers[index] else {
                    table.add("", entry.label, Words.percent(entry.probability), bar, "", "")
                    continue
                }
                table.add(
                    path, entry.label, Words.percent(entry.probability), bar, Words.percent(answer.novelty),
                    answer.unknown ? "unknown?" : "")
            }
        }
        if !table.rows.isEmpty { Terminal.print(table) }
        for (index, failure) in failures.sorted(by: { $0.key < $1.key }) {
            Terminal.complain("\(files[index]): \(failure.reason)".printable)
        }
    }

    private func printLines(_ answers: [Int: Classification], _ failures: [Int: ImageFailure]) throws {
        struct Line: Encodable {
            var file: String
            var answer: Classification?
            var error: String?
        }
        for (index, path) in files.enumerated() {
            let line = Line(file: path, answer: answers[index], error: failures[index]?.reason)
            try Terminal.print(json: line, pretty: false)
        }
    }
}
