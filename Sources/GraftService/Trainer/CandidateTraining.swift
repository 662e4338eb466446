import Foundation
import GraftAPI
import GraftCheckpoint
import GraftLearning
import GraftNetwork
import GraftStore
import GraftTensor

/// One job of the trainer: from a snapshot of the store to a candidate's file and what it is worth.
struct CandidateTraining {
    private let job: TrainerJob
    private let threads: Int
    private let store: Store

    init(_ job: TrainerJob, threads: Int) throws {
        self.job = job
        self.threads = threads
        store = try Store(folder: job.state, access: .reader)
    }

    /// What a strategy made.
    private struct Candidate {
        var head: VersionHead
        /// The elements of the blocks that it trained, by parameter.
        var parameters: [String: [Float]] = [:]
        var blocks: [String] = []
        var outOfFold: TrainedHead.OutOfFold
        var notes: [String] = []
    }

    /// Trains by the job's strategy, writes the candidate's file, and judges it.
    func result(
        by worker: Worker, progress: @escaping @Sendable (Double, String) -> Void
    ) throws -> TrainerResult {
        progress(0, "reading samples")
        let snapshot = try Snapshot(
            store, fingerprint: job.fingerprint, featureCount: job.featureCount, upTo: job.snapshot)
        let network = try network(snapshot)
        let (head, candidate) = try train(snapshot, network, by: worker, progress: progress)

        try VersionFile.write(
            candidate.head, parameters: candidate.parameters, of: network?.blocks ?? [], metadata: metadata,
            to: job.output)
        let labels = Set(candidate.head.labels)
        let verdict = Gate().judge(
            candidate.outOfFold, labels: labels, snapshot.set,
            against: job.incumbent == 0
                ? nil
                : try IncumbentAnswers(
                    version: job.incumbent, labels: Set(job.incumbentLabels), store: store, samples: snapshot.samples,
                    groups: snapshot.groups))
        let evaluation = evaluation(candidate.outOfFold, labels: labels, snapshot.set)
        return TrainerResult(
            digest: try MappedFile(path: job.output, byteLimit: Configuration.backboneLimit).digest().description,
            blocks: candidate.blocks, hasHiddenLayer: candidate.head.hasHiddenLayer, notes: candidate.notes,
            quality: Quality(evaluation), perLabel: evaluation.labels.map(LabelQuality.init),
            calibration: head.calibration, verdict: verdict,
            outOfFold: zip(candidate.outOfFold.rows, candidate.outOfFold.candidate).map { row, answer in
                OutOfFoldAnswer(
                    sample: snapshot.samples[row], label: answer.label, probability: answer.probability)
            })
    }

    /// What a version's file says of itself; no time, so that the same job gives the same bytes.
    private var metadata: [String: String] {
        [
            "format": "graftd-version-1", "fingerprint": job.fingerprint, "snapshot": "\(job.snapshot)",
            "seed": "\(job.seed)", "strategy": job.strategy.rawValue,
        ]
    }

    private func evaluation(
        _ outOfFold: TrainedHead.OutOfFold, labels: Set<Int64>, _ set: TrainingSet
    ) -> Evaluation {
        // Other labels are answered by the analytic head, and hardly show anything.
        let judged = outOfFold.rows.indices.filter { labels.contains(set.labels[outOfFold.rows[$0]]) }
        return Evaluation(
            truth: judged.map { set.labels[outOfFold.rows[$0]] }, predictions: judged.map { outOfFold.candidate[$0] })
    }

    // MARK: - Strategies

    private func train(
        _ snapshot: Snapshot, _ network: Network?, by worker: Worker,
        progress: @escaping @Sendable (Double, String) -> Void
    ) throws -> (TrainedHead, Candidate) {
        var training = HeadTraining()
        training.threads = threads
        training.incumbent = job.incumbentCalibration
        training.incumbentLabels = job.incumbent == 0 ? nil : Set(job.incumbentLabels)
        training.space = FeatureSpace(job.features)
        let limit = Duration.seconds(job.timeLimit ?? 180)

        if let recipe = job.recipe {
            return try train(snapshot, network, recipe, training, limit: limit, by: worker, progress: progress)
        }
        if job.strategy == .head {
            let head = try training.train(snapshot.set, progress: progress)
            return (head, Candidate(head: .linear(head.head), outOfFold: head.outOfFold))
        }
        var top: TopTraining?
        if let network, network.blocks.allSatisfy(\.isTrainable) {
            top = TopTraining(
                blocks: network.blocks, instructionSet: network.instructionSet, elements: network.elements)
            top?.timeLimit = limit
            top?.recipe.cut = network.defaultCut
        }
        if job.strategy == .top, let network, let top {
            let head = try training.train(snapshot.set, progress: { progress(0.1 * $0, $1) })
            let tuned = try top.train(
                snapshot.set, start: head, latents: network.latents, seed: job.seed, by: worker,
                progress: { progress(0.1 + 0.9 * $0, $1) })
            return (head, candidate(tuned))
        }
        guard job.strategy == .auto else {
            throw TrainingImpossible(description: "the blocks above the cut cannot be trained: use the strategy head")
        }
        let outcome = try AutoTraining(head: training, top: top).train(
            snapshot.set, latents: network?.latents, seed: job.seed, by: worker, progress: progress)
        var kept =
            outcome.top.flatMap { outcome.keepsTop ? candidate($0) : nil }
            ?? Candidate(head: .linear(outcome.head.head), outOfFold: outcome.head.outOfFold)
        kept.notes.append(outcome.reason)
        return (outcome.head, kept)
    }

    private func train(
        _ snapshot: Snapshot, _ network: Network?, _ recipe: TuningRecipe, _ training: HeadTraining, limit: Duration,
        by worker: Worker, progress: @escaping @Sendable (Double, String) -> Void
    ) throws -> (TrainedHead, Candidate) {
        let space = training.space
        let head = try training.train(snapshot.set, progress: { progress(0.05 * $0, $1) })
        func train(_ recipe: RecipeTraining, _ latents: some LatentSource) throws -> TrainedTop {
            var recipe = recipe
            recipe.timeLimit = limit
            // Whoever chose a recipe waits for it, unless a limit was chosen too.
            recipe.deadline = job.timeLimit.map { .now + .seconds($0) }
            return try recipe.train(
                snapshot.set, start: head, latents: latents, seed: job.seed, by: worker,
                progress: { progress(0.05 + 0.95 * $0, $1) })
        }
        let instructionSet = try network?.instructionSet ?? .chosen(forced: Network.forcedInstructionSet)
        if job.strategy == .head {
            let training = try RecipeTraining(
                recipe, blocks: [], space: space, instructionSet: instructionSet, elements: { _ in [] })
            return (head, candidate(try train(training, FeatureLatents(snapshot.set.features, space: space))))
        }
        guard let network else {
            throw TrainingImpossible(description: "no latents are kept, which top blocks are trained from")
        }
        let training = try RecipeTraining(
            recipe, blocks: network.blocks, space: space, instructionSet: instructionSet, elements: network.elements)
        return (head, candidate(try train(training, network.latents)))
    }

    private func candidate(_ trained: TrainedTop) -> Candidate {
        let plan = trained.plan
        var notes = ["\(plan.samples) samples, \(plan.epochs) epochs, judged by \(plan.folds) of \(Folds.count) folds"]
        if trained.share < 1 {
            let percent = Int((100 * trained.share).rounded())
            notes.append(
                "planned for \(percent) % of the usual work, because this machine is slow for these blocks: with more time, "
                    + "it is usually a little better")
        }
        if trained.stepShare < 1 {
            notes.append(
                "the time limit ended after \(Int(100 * trained.stepShare)) % of the steps of its only model: with more time, "
                    + "it is usually better")
        } else if plan.folds < trained.plannedFolds {
            notes.append(
                "the time limit ended before the models for \(trained.plannedFolds) folds were tuned: with more time, it is "
                    + "usually a little better")
        }
        if trained.rateDivisor > 1 {
            notes.append(
                "learning rates divided by \(Int(trained.rateDivisor)), because the loss grew with longer steps")
        }
        return Candidate(
            head: trained.top.head, parameters: trained.top.parameters, blocks: trained.top.blocks,
            outOfFold: trained.outOfFold, notes: notes)
    }

    // MARK: - The network

    /// The blocks above the cut, and what enters them.
    private struct Network {
        let blocks: [Block]
        let instructionSet: InstructionSet
        let latents: StoredLatents
        /// Where the top begins unless a recipe says otherwise.
        let defaultCut: String
        /// What each parameter of the backbone is.
        let elements: @Sendable (Parameter) throws -> [Float]

        static var forcedInstructionSet: String? { ProcessInfo.processInfo.environment["GRAFTD_ISA"] }
    }

    /// Nil where no latents are kept.
    private func network(_ snapshot: Snapshot) throws -> Network? {
        guard let cut = job.cut, job.strategy != .head else { return nil }
        guard let (file, _) = BackboneFolder(state: job.state).file(ofFingerprint: job.fingerprint) else {
            throw TrainingImpossible(
                description: "the file of the backbone (\(job.fingerprint.prefix(12))) is gone: import it again")
        }
        let architecture = try Architecture(file.backboneMetadata())
        guard let index = architecture.blocks(named: cut)?.lowerBound else {
            throw TrainingImpossible(description: "\(architecture.name) has no block '\(cut)' to cut before")
        }
        return Network(
            blocks: Array(architecture.blocks[index...]),
            instructionSet: try .chosen(forced: Network.forcedInstructionSet),
            latents: try StoredLatents(
                store, fingerprint: job.fingerprint, cut: cut, shape: architecture.latent(before: index),
                sequences: snapshot.sequences, upTo: job.snapshot),
            defaultCut: architecture.blocks[max(index, architecture.defaultCut)].name,
            elements: { try file.floats($0.name, shape: $0.shape) })
    }
}

/// Why nothing can be trained, for people.
struct TrainingImpossible: Error, CustomStringConvertible {
    let description: String
}

extension VersionHead {
    /// Whether there is a layer between features and scores.
    var hasHiddenLayer: Bool {
        switch self {
        case .linear: false
        case .mlp: true
        }
    }
}
