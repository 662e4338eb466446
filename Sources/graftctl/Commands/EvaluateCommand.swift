import ArgumentParser
import GraftAPI
import GraftClient

struct EvaluateCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure the daemon on labelled images that it was not taught.",
        discussion: """
            The folder's own folders name the true labels, as for graftctl teach --from. Every file is classified and \
            nothing is learned. Balanced accuracy is the mean of the labels' recalls. Latency is what this program \
            waits for, with --jobs requests in flight; --jobs 1 measures one request alone.

            Files that are no images are listed and the exit status is then 1.

            Examples:
              graftctl evaluate photos-held-out/
              graftctl evaluate photos-held-out/ --verbose --show 5
              graftctl evaluate photos-held-out/ --jobs 1 --json | jq .balanced_accuracy
            """)

    @Argument(help: "A folder whose folders name the true labels.") var folder: String
    @Flag(name: .shortAndLong, help: "Print the recall of every label.") var verbose = false
    @Option(help: ArgumentHelp("Print that many of the images with their probabilities.", valueName: "count"))
    var show = 0
    @OptionGroup var requests: JobsOption
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard show >= 0 else { throw ValidationError("--show takes a number from 0 on, not \(show).") }
    }

    func run(_ client: GraftClient) async throws {
        let scanned = try LabelledFolder(scanning: folder)
        let images = scanned.files
        guard !images.isEmpty else {
            throw CommandFailure("no files in '\(folder)'; its folders name the labels, as in \(folder)/cat/1.jpg")
        }
        var report = EvaluationReport(labels: Set(images.map(\.label)), known: try await client.labels())
        for file in scanned.skipped { report.add(failure: file.reason, path: file.path) }
        let shown = Self.spread(min(show, images.count), over: images.count)

        let progress = ProgressBar(title: "evaluating", total: images.count)
        defer { progress.clear() }
        var done = 0
        try await concurrently(images, jobs: requests.jobs) { image in
            let start = ContinuousClock.now
            let result = await client.classify(file: image.path, top: 3)
            return (result, (ContinuousClock.now - start).seconds * 1000)
        } receive: { index, outcome in
            switch outcome.0 {
            case .success(let answer):
                report.add(
                    answer, of: images[index], milliseconds: outcome.1, shown: shown.contains(index))
            case .failure(let failure):
                if let error = failure.stopsEverything { throw error }
                report.add(failure: failure.reason, path: images[index].path)
            }
            done += 1
            progress.advance(to: done)
        }
        progress.clear()
        report.finish(imagesPerSecond: progress.meanRate)
        try output.json ? Terminal.print(json: report) : report.print(verbose: verbose)
        if !report.failures.isEmpty {
            throw CommandFailure("\(Words.count(report.failures.count, "file")) could not be classified")
        }
    }

    /// `count` indices at equal distances, so that what is shown comes from all labels and is the same every time.
    private static func spread(_ count: Int, over total: Int) -> Set<Int> {
        Set((0..<count).map { $0 * total / count })
    }
}
