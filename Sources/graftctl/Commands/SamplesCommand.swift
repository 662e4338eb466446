import ArgumentParser
import GraftAPI
import GraftClient

struct SamplesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "samples",
        abstract: "List, show, relabel and forget single samples.",
        discussion: """
            Examples:
              graftctl samples --label cat
              graftctl samples list --json | jq -r 'select(.predicted.label != .label) | .id'
            """,
        subcommands: [
            SamplesListCommand.self, SamplesShowCommand.self, SamplesRelabelCommand.self, SamplesDeleteCommand.self,
        ],
        defaultSubcommand: SamplesListCommand.self)
}

struct SamplesListCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List samples, oldest first.",
        discussion: """
            All of them, unless --limit is given. "Guessed" is what would have been answered at the moment the sample \
            was taught. --json prints one object per line.

            Examples:
              graftctl samples list
              graftctl samples list --label cat --limit 10
              graftctl samples list --negative
              graftctl samples list --wrong
              graftctl samples list --json | jq -r .digest
            """)

    @Option(help: ArgumentHelp("Samples of this label only.", valueName: "label")) var label: String?
    @Flag(help: "Examples of none of the labels only.") var negative = false
    @Flag(help: "Samples that were guessed wrongly only.") var wrong = false
    @Option(help: ArgumentHelp("At most so many.", valueName: "count")) var limit: Int?
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit takes a number from 1 on, not \(limit).") }
        guard label == nil || !negative else {
            throw ValidationError("Give either --label or --negative: a negative example has none of the labels.")
        }
    }

    func run(_ client: GraftClient) async throws {
        var table = TextTable([
            .init("id"), .init("label"), .init("guessed"), .number(""), .init("taught"), .init("group"),
        ])
        var left = limit ?? Int.max
        var after: String?
        repeat {
            // What is sorted out here still has to be asked for.
            let count = wrong ? 1000 : min(left, 1000)
            let page = try await client.samples(label: label, negative: negative, after: after, limit: count)
            let wanted = page.samples.filter { !wrong || $0.isGuessedWrongly }.prefix(left)
            for sample in wanted {
                if output.json { try Terminal.print(json: sample, pretty: false) } else { table.add(sample.cells) }
            }
            left -= wanted.count
            after = page.next
        } while after != nil && left > 0
        guard !output.json else { return }
        table.rows.isEmpty ? print("No such sample.") : Terminal.print(table)
    }
}

struct SamplesShowCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one sample.",
        discussion: """
            Examples:
              graftctl samples show "$(graftctl samples list --limit 1 --json | jq -r .id)"
            """)

    @Argument(help: "Its id, as graftctl samples list shows it.") var id: String
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func run(_ client: GraftClient) async throws {
        let sample = try await client.sample(id)
        if output.json { return try Terminal.print(json: sample) }
        let guess = sample.predicted.map { "\($0.label), \(Words.percent($0.probability))" }
        for (name, value) in [
            ("id", sample.id), ("label", sample.label ?? "none of the labels"),
            ("guessed", guess ?? "nothing: no label was known"), ("taught", Words.time(sample.created)),
            ("group", sample.group ?? "-"), ("digest", sample.digest),
        ] {
            let title = (name + ":").padding(toLength: 9, withPad: " ", startingAt: 0)
            print("\(Terminal.styled(title, .dim))\(value.printable)")
        }
    }
}

struct SamplesRelabelCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "relabel",
        abstract: "Give samples another label.",
        discussion: """
            What was learned from them under the old label is taken back exactly. Versions that were trained on them are \
            named, and marked as stale.

            Examples:
              graftctl samples relabel --label dog $(graftctl samples list --label cat --limit 2 --json | jq -r .id)
              graftctl samples relabel --negative "$(graftctl samples list --label cat --limit 1 --json | jq -r .id)"
            """)

    @Argument(help: "Their ids, as graftctl samples list shows them.") var ids: [String]
    @Option(help: ArgumentHelp("Their new label.", valueName: "label")) var label: String?
    @Flag(help: "Make them examples of none of the labels.") var negative = false
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard (label != nil) != negative else { throw ValidationError("Give either --label LABEL or --negative.") }
    }

    func run(_ client: GraftClient) async throws {
        let changed = try await change(ids) { id throws(ClientError) in try await client.relabel(sample: id, as: label)
        }
        if output.json { return try Terminal.print(json: changed) }
        let words = Words.count(changed.samples, "sample") + (changed.samples == 1 ? " is " : " are ")
        print((words + (label.map { "of '\($0)' now." } ?? "of none of the labels now.")).printable)
        if let words = changed.staleWords { print(words) }
    }
}

struct SamplesDeleteCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Forget samples.",
        discussion: """
            Their features, latents and kept images are removed, and what was learned from them is taken back exactly. \
            Versions that were trained on them are named, and marked as stale, or with --purge deleted; if the one that \
            answers is among them, the one before it answers. Backups keep what they have. This cannot be undone, so it \
            is asked first, unless --yes is given.

            Examples:
              graftctl samples delete --yes "$(graftctl samples list --label cat --limit 1 --json | jq -r .id)"
              graftctl samples delete --purge --yes "$(graftctl samples list --label dog --limit 1 --json | jq -r .id)"
            """)

    @Argument(help: "Their ids, as graftctl samples list shows them.") var ids: [String]
    @Flag(help: "Delete the versions that were trained on them.") var purge = false
    @OptionGroup var confirmation: ConfirmationOption
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func run(_ client: GraftClient) async throws {
        let too = purge ? ", and versions that were trained on them deleted" : ""
        try confirmation.confirm("\(Words.count(ids.count, "sample")) will be forgotten\(too).")
        let changed = try await change(ids) { id throws(ClientError) in
            try await client.forget(sample: id, purge: purge)
        }
        if output.json { return try Terminal.print(json: changed) }
        print("\(Words.count(changed.samples, "sample")) forgotten.")
        if let words = changed.purgedWords { print(words) }
        if let words = changed.staleWords { print(words) }
    }
}

/// What became of all `ids` together. One that fails ends it, and says how many were changed before.
private func change(
    _ ids: [String], _ call: (String) async throws(ClientError) -> Changed
) async throws -> Changed {
    var total: Changed?
    for (index, id) in ids.enumerated() {
        do throws(ClientError) {
            var changed = try await call(id)
            changed.samples += total?.samples ?? 0
            changed.purgedVersions = changed.purgedVersions.map { ($0 + (total?.purgedVersions ?? [])).sorted() }
            changed.staleVersions = Set(changed.staleVersions + (total?.staleVersions ?? [])).sorted()
            total = changed
        } catch {
            var failure = CommandFailure(error)
            if index > 0 { failure.message += "; \(index) of \(ids.count) samples were changed before" }
            throw failure
        }
    }
    guard let total else { throw CommandFailure("no sample was named") }
    return total
}

extension SampleRecord {
    fileprivate var isGuessedWrongly: Bool { predicted.map { $0.label != label } ?? false }

    fileprivate var cells: [String] {
        [
            id, label ?? "(none of them)", predicted?.label ?? "-",
            predicted.map { Words.percent($0.probability) } ?? "", Words.time(created), group ?? "",
        ]
    }
}
