import ArgumentParser
import GraftAPI
import GraftClient

struct TeachCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "teach",
        abstract: "Teach labelled images.",
        discussion: """
            With --label, every file is an example of that label; with --negative, of none of the labels, so that \
            images like it are called unknown. With --from, the folder's own folders name the \
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
              graftctl teach --negative empty-table.jpg
            """)

    @Option(help: ArgumentHelp("The label of all files.", valueName: "label")) var label: String?
    @Flag(help: "All files are examples of none of the labels.") var negative = false
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
        guard [label != nil, negative, from != nil].count(where: { $0 }) == 1 else {
            throw ValidationError("Give one of --label LABEL FILE..., --negative FILE... and --from FOLDER.")
        }
        guard (from != nil) == files.isEmpty else {
            let option = negative ? "--negative" : "--label"
            throw ValidationError(from != nil ? "--from takes no files." : "\(option) needs at least one file.")
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
            try await concurrently(images, jobs: requests.jobs) { [group, negative] image in
                await client.teach(
                    file: image.path, label: negative ? nil : image.label, group: group, onConflict: policy)
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
        guard let from else { return files.map { LabelledFile(label: label ?? "", path: $0) } }
        let folder = try LabelledFolder(scanning: from)
        guard !folder.files.isEmpty else {
            throw CommandFailure(
                "no files in '\(from)'; its folders name the labels, as in \(from)/cat/1.jpg, \(from)/dog/2.jpg")
        }
        report.unreadable = folder.skipped.map { .init(file: $0.path, reason: $0.reason) }
        return folder.files
    }
}
