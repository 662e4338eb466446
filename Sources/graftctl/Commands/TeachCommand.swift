import ArgumentParser
import GraftAPI
import GraftClient

struct TeachCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "teach",
        abstract: "Teach labelled images.",
        discussion: """
            With --label, every file is an example of that label. With --from, the folder's own folders name the \
            labels, and every file anywhere below one of them is an example of it; hidden files are left out and \
            links are followed. A label can be answered as soon as its first image is taught.

            Teaching the same image again changes nothing, so a run that was interrupted can be repeated. An image \
            that is known under another label is a conflict and stays as it is, unless --relabel is given.

            The exit status is 0 only if every file was taught or known already. With --skip-bad, files that are no \
            readable images are listed but do not count; conflicts still do.

            Examples:
              graftctl teach --label cat cat1.jpg cat2.jpg
              graftctl teach --label cat --group "burst of 2026-05-04 10:12" burst/*.jpg
              graftctl teach --from photos/ --jobs 8 --skip-bad
            """)

    @Option(help: ArgumentHelp("The label of all files.", valueName: "label")) var label: String?
    @Option(help: ArgumentHelp("A folder whose folders name the labels.", valueName: "folder")) var from: String?
    @Option(
        help: ArgumentHelp(
            "What the files have in common, such as a burst: never split between training and validation.",
            valueName: "name"))
    var group: String?
    @Flag(help: "Give images that are known under another label the new one.") var relabel = false
    @Flag(help: "Do not fail because of files that are no readable images.") var skipBad = false
    @OptionGroup var requests: JobsOption
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption
    @Argument(help: "JPEG, PNG or PPM images, with --label.") var files: [String] = []

    func validate() throws {
        guard (label == nil) != (from == nil) else {
            throw ValidationError("Give either --label LABEL FILE... or --from FOLDER.")
        }
        guard (label == nil) == files.isEmpty else {
            throw ValidationError(label == nil ? "--from takes no files." : "--label needs at least one file.")
        }
    }

    func run(_ client: GraftClient) async throws {
        var report = TeachReport()
        let images = try images(&report)
        let progress = ProgressBar(title: "teaching", total: images.count)
        var done = 0
        let policy: ConflictPolicy = relabel ? .relabel : .fail
        var ending: ClientError?
        do {
            try await concurrently(images, jobs: requests.jobs) { [group] image in
                await client.teach(file: image.path, label: image.label, group: group, onConflict: policy)
            } receive: { index, result in
                if case .failure(let failure) = result, let error = failure.stopsEverything { throw error }
                report.add(result, path: images[index].path)
                done += 1
                progress.advance(to: done)
            }
        } catch let error as ClientError {
            ending = error
        }
        progress.clear()
        report.notReached = images.count - done
        report.imagesPerSecond = progress.meanRate
        try output.json ? Terminal.print(json: report) : report.print()
        if let ending { throw ending }
        if let failure = report.failure(skippingBad: skipBad) { throw failure }
    }

    private func images(_ report: inout TeachReport) throws -> [LabelledFile] {
        if let label { return files.map { LabelledFile(label: label, path: $0) } }
        guard let from else { preconditionFailure("validate() wants either --label or --from") }
        let folder = try LabelledFolder(scanning: from)
        guard !folder.files.isEmpty else {
            throw CommandFailure(
                "no files in '\(from)'; its folders name the labels, as in \(from)/cat/1.jpg, \(from)/dog/2.jpg")
        }
        report.unreadable = folder.skipped.map { .init(file: $0.path, reason: $0.reason) }
        return folder.files
    }
}
