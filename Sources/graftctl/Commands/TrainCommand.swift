import ArgumentParser
import GraftAPI
import GraftClient

extension TrainingStrategy: ExpressibleByArgument {}
extension HeadFeatures: ExpressibleByArgument {}

struct TrainCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a better version from everything that was taught.",
        discussion: """
            The daemon trains in the background and publishes the new version only if it is measurably no worse than \
            what answers now. Requests are answered meanwhile.

            head trains the layer that answers, in seconds. top trains the network's last blocks too, from latents that \
            were kept when images were taught, in minutes. auto, the default, tries them in that order and keeps what \
            is best on samples that were held out.

            Three classic recipes, each with parts that can be set by the options below:
              feature-extraction  the network stays as it is, and a linear head learns by Adam (1e-3): for few samples, \
            or images like those the network knows.
              fine-tuning         the blocks above the cut learn (Adam, 1e-4) with a head of 256 hidden units, part of \
            the samples held out to choose the epoch: for more samples of other kinds of images.
              layer-wise          the last stage learns at 1e-4 and the head at 1e-3, so that what is known changes \
            slowly: for a deep network and some hundred samples.

            A head sees the square roots of the network's features, which is mostly better; with --features plain it \
            sees them as they are, so that graftctl export gives a plain linear layer.

            With --wait, the exit status is 0 if the version was published, 5 if it was trained but kept back, and 1 \
            if training failed or was cancelled. Interrupting the wait does not end the job; --cancel does.

            With --if-due, a job is started only if the daemon finds one due: enough new samples or a correction, quiet, \
            enough time since the last one, and a machine that can afford it. If not, the command says why, and its exit \
            status is 0.

            Examples:
              graftctl train --wait
              graftctl train --if-due
              graftctl train --strategy head --seed 7
              graftctl train --recipe feature-extraction
              graftctl train --recipe fine-tuning --cut blocks.14 --epochs 20
              graftctl train --recipe layer-wise --rate blocks.15=1e-4 --head-rate 1e-3
              graftctl train --cancel
            """)

    @Option(help: "head, top, or auto (the daemon's choice).") var strategy: TrainingStrategy?
    @Option(help: "roots (the default) or plain: what the head sees of the features.") var features: HeadFeatures?
    @Option(help: ArgumentHelp("Same samples and same seed give the same version.", valueName: "number"))
    var seed: UInt64?
    @Option(help: ArgumentHelp("Give up after as many seconds.", valueName: "seconds")) var timeLimit: Double?
    @OptionGroup(title: "Gradient steps") var recipe: RecipeOptions
    @Flag(help: "Start a job only if one is due.") var ifDue = false
    @Flag(help: "Wait until the job has ended.") var wait = false
    @Flag(help: "Cancel the job that runs.") var cancel = false
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard !cancel || (request == TrainRequest() && !wait) else {
            throw ValidationError("--cancel stands alone.")
        }
    }

    private var request: TrainRequest {
        TrainRequest(
            strategy: strategy, features: features, seed: seed, recipe: recipe.value, timeLimit: timeLimit,
            ifDue: ifDue ? true : nil)
    }

    func run(_ client: GraftClient) async throws {
        if cancel { return try show(try await client.cancelTraining()) }
        guard let job = try await start(client) else { return }
        guard wait else { return try show(job) }

        defer { ProgressBar.clear() }
        let progress = JobProgress()
        let ended = try await client.waitForTraining(job.id) { progress.show($0) }
        ProgressBar.clear()
        try show(ended)
        switch ended.state {
        case .published: return
        case .rejected:
            throw CommandFailure("the new version was not published: \(ended.message)", status: .notPublished)
        case .running, .failed, .cancelled:
            throw CommandFailure("training \(ended.state.rawValue): \(ended.message)")
        }
    }

    /// The job that was started; nil where none was due, which is said.
    private func start(_ client: GraftClient) async throws -> TrainJob? {
        guard ifDue else { return try await client.train(request) }
        let answer = try await client.trainIfDue(request)
        guard answer.job == nil else { return answer.job }
        if output.json {
            try Terminal.print(json: answer)
        } else {
            print("no job started: \(answer.schedule.words.printable)")
        }
        return nil
    }

    private func show(_ job: TrainJob) throws {
        if output.json { return try Terminal.print(json: job) }
        let version = job.version.map { ", version \($0)" } ?? ""
        let duration = Duration.seconds(job.seconds).clock
        let words = "job \(job.id) (\(job.strategy.rawValue)): \(job.state.rawValue)\(version) after \(duration)"
        print(job.message.isEmpty ? words.printable : "\(words): \(job.message)".printable)
    }
}

/// The progress of a training job, as a bar; without a terminal, a line whenever it does something else.
private final class JobProgress {
    private var lastMessage: String?

    func show(_ job: TrainJob) {
        guard Terminal.errorsAreSeen || job.message != lastMessage else { return }
        lastMessage = job.message
        ProgressBar.show(
            ProgressLine.text(
                title: "training", fraction: job.progress, details: "  \(job.message)",
                width: Terminal.errorsAreSeen ? Terminal.width - 1 : 100, unicode: Terminal.isUnicode))
    }
}
