import Foundation
import GraftAPI
import GraftCheckpoint
import GraftLearning
import GraftStore
import Logging

/// The version that answers, as the learner needs it.
struct ActiveVersion: Sendable {
    var number: Int64
    /// The last change it has learned; revisions count from here.
    var snapshotChange: Int64
    /// Nil for version 0, when the analytic head answers alone.
    var head: VersionHead?
    /// The analytic head's, as measured by the version's training; nil where nothing was measured yet.
    var calibration: AnalyticHead.Calibration?
    /// Its own top; nil where it answers by what the backbone gives.
    var top: VersionTop?

    static let none = ActiveVersion(number: 0, snapshotChange: 0, head: nil, calibration: nil, top: nil)
}

/// What was measured of a version: the store keeps it as JSON.
struct VersionFacts: Codable, Sendable {
    var quality: Quality
    var labels: [LabelQuality]
    var calibration: AnalyticHead.Calibration
    /// What the head is over; versions of before there was a choice say nothing, and are over roots.
    var features: HeadFeatures?
    /// The gate's; versions of before it was kept say nothing.
    var verdict: Gate.Verdict?
    /// The blocks that it trained, whether its head has a hidden layer, and what was tried; versions of before anything but
    /// heads was trained say nothing.
    var blocks: [String]?
    var hasHiddenLayer: Bool?
    var notes: [String]?
}

/// What a training job starts from.
struct TrainingPlan: Sendable {
    var snapshot: Int64
    var fingerprint: String
    var featureCount: Int
    /// The name of the block before which latents are taken; nil where none are kept.
    var cut: String?
    var incumbent: Int64
    var incumbentCalibration: AnalyticHead.Calibration?
    /// Ids of the labels of the incumbent's own head.
    var incumbentLabels: [Int64]
}

extension Learner {
    /// How many published versions keep their weights, the active one apart.
    private static let keptVersions = 10
    /// With fewer samples a label is left to the analytic head.
    private static let labelMinimum = HeadTraining().labelMinimum

    /// What a job that starts now is to learn from.
    ///
    /// - Throws: `too-few-samples` where fewer than two labels have samples enough.
    func trainingPlan() throws(Problem) -> TrainingPlan {
        let vision = try loadedVision()
        if let problem = Self.lack(ofLabels: readyLabels) { throw problem }
        return TrainingPlan(
            snapshot: lastChange, fingerprint: vision.backbone.fingerprint, featureCount: vision.backbone.featureCount,
            cut: vision.backbone.cut?.name, incumbent: version.number,
            // A tuned version's is of other features.
            incumbentCalibration: version.top == nil ? version.calibration : nil,
            incumbentLabels: version.head?.labels ?? [])
    }

    /// How many labels have samples enough to train on.
    var readyLabels: Int {
        statistics.labels.count { $0.key != LabelStatistics.background && $0.value.count >= Self.labelMinimum }
    }

    /// Why nothing can be trained where only `ready` labels have samples enough; nil where it can.
    static func lack(ofLabels ready: Int) -> Problem? {
        guard ready < 2 else { return nil }
        return Problem(
            .tooFewSamples,
            detail:
                "training takes at least 2 labels with \(labelMinimum) samples each, found \(ready): teach more; until "
                + "then the analytic head answers")
    }

    /// Keeps what a job made, and lets it answer if the gate said so. Returns the version's number.
    func conclude(_ job: TrainerJob, _ result: TrainerResult) async throws(Problem) -> Int {
        // Read before anything is kept: a file that cannot be read is no version.
        let file = try readFile(job.output, digest: result.digest, featureCount: job.featureCount)
        let number = try await insert(job, result)
        guard result.verdict.publish else {
            try await storing { try await store.reject(number, reason: result.verdict.reason) }
            events.send(.rejected(VersionRejected(version: Int(number), reason: result.verdict.reason)))
            logger.notice("version rejected", metadata: .event(.rejected, Self.fields(of: number, result)))
            return Int(number)
        }
        do {
            let vision = try loadedVision()
            try Self.check(vision, fingerprint: job.fingerprint)
            let next = ActiveVersion(
                number: number, snapshotChange: job.snapshot, head: file.head, calibration: result.calibration,
                top: try top(of: file, version: number, vision))
            try await swap(to: next, fingerprint: job.fingerprint) { [store, configuration] in
                try DurableFile.move(job.output, to: StateFiles.version(number, state: configuration.state))
                try await store.publish(number, reason: result.verdict.reason)
            }
        } catch {
            // Its number is nobody else's, so what lies there is what was put there just now, and is no version's.
            try? FileManager.default.removeItem(atPath: StateFiles.version(number, state: configuration.state))
            // Else it would be a candidate for ever. Where not even that can be written, the next start does it.
            try? await store.reject(number, reason: "it could not be published: \(error.detail)")
            throw error
        }
        events.send(.published(reference))
        logger.notice(
            "version published",
            metadata: .event(.published, Self.fields(of: number, result)))
        await removeOldWeights()
        return Int(number)
    }

    /// What the log says of a version and of what was measured of it.
    private static func fields(of number: Int64, _ result: TrainerResult) -> Logger.Metadata {
        [
            "version": "\(number)", "accuracy": "\(result.quality.accuracy)",
            "balancedAccuracy": "\(result.quality.balancedAccuracy)", "reason": "\(result.verdict.reason)",
        ]
    }

    private func insert(_ job: TrainerJob, _ result: TrainerResult) async throws(Problem) -> Int64 {
        let facts = VersionFacts(
            quality: result.quality, labels: result.perLabel, calibration: result.calibration, features: job.features,
            verdict: result.verdict, blocks: result.blocks, hasHiddenLayer: result.hasHiddenLayer, notes: result.notes)
        return try await exclusively { () throws(Problem) in
            try Self.check(try loadedVision(), fingerprint: job.fingerprint)
            return try await storing {
                try await store.insert(
                    NewVersion(
                        parent: job.incumbent, fingerprint: job.fingerprint, snapshot: job.snapshot,
                        strategy: job.strategy.rawValue, seed: job.seed,
                        facts: String(decoding: try JSONEncoder().encode(facts), as: UTF8.self), digest: result.digest,
                        answers: result.outOfFold.map {
                            VersionAnswer(sample: $0.sample, label: $0.label, probability: $0.probability)
                        }))
            }
        }
    }

    private static func check(_ vision: Vision, fingerprint: String) throws(Problem) {
        guard vision.backbone.fingerprint == fingerprint else {
            throw Problem(.versionUnusable, detail: "another backbone was loaded while the job ran: train again")
        }
    }

    /// Lets version `number` answer, forward or back; 0 is the analytic head alone.
    func activate(_ number: Int) async throws(Problem) -> Activated {
        let previous = Int(version.number)
        let vision = try loadedVision()
        let next = try await load(Int64(number), vision: vision)
        try await swap(to: next, fingerprint: vision.backbone.fingerprint) { [store] in
            try await store.activate(Int64(number))
        }
        let activated = Activated(model: reference, previous: previous)
        events.send(.activated(activated))
        logger.notice(
            "version activated", metadata: .event(.activated, ["version": "\(number)", "previous": "\(previous)"]))
        return activated
    }

    /// Lets `next` answer, once its own top has seen every sample and `note` has made it durable.
    private func swap(
        to next: ActiveVersion, fingerprint: String, note: @escaping @Sendable () async throws -> Void
    ) async throws(Problem) {
        // Most of the samples are shown while others are taught; what came in between, when nothing else changes.
        if let top = next.top { _ = try await show(to: top) }
        try await exclusively { () throws(Problem) in
            try Self.check(try loadedVision(), fingerprint: fingerprint)
            try await exchange(next, note: note)
        }
    }

    /// The same where no other change can come; what answered until now is its shadow.
    func exchange(
        _ next: ActiveVersion, note: @escaping @Sendable () async throws -> Void
    ) async throws(Problem) {
        var learned: (statistics: LabelStatistics, sketches: SketchIndex)?
        if let top = next.top {
            _ = try await show(to: top)
            learned = try await storing { try self.learned(through: top) }
        }
        try await storing { try await note() }
        let before = version.number
        if next.number != before { shadow = makeShadow(of: version, beside: next) }
        version = next
        (tuned, tunedSketches) = (learned?.statistics, learned?.sketches ?? SketchIndex())
        // It is noted as the one that answers, so nothing that fails from here on may keep it from that.
        do {
            try await readKnown(fingerprint: try loadedVision().backbone.fingerprint)
        } catch {
            (known, lastKnown) = ([], [])
            logger.warning("novelty is 0 until the next change, because samples cannot be read: \(error)")
        }
        publish()
        // What stays costs room, not truth, and goes with the next.
        try? await store.dropTunedFeatures(except: [next.number, before])
    }

    /// The version that was active when the service stopped. Where its file is damaged, the version that it was trained beside
    /// takes its place for good; where anything else is in the way, the analytic head answers alone until that is mended.
    func restoreVersion(_ vision: Vision) async throws(Problem) {
        var number = try await storing { try await store.activeVersion() }
        while true {
            do {
                return try await restore(number, vision)
            } catch {
                (version, tuned, tunedSketches) = (.none, nil, SketchIndex())
                let other = await replacement(ofDamaged: number, featureCount: vision.backbone.featureCount)
                let answering = other.map { $0 == 0 ? "the analytic head" : "version \($0)" } ?? "the analytic head"
                logger.error("version \(number) does not answer: \(error.detail); \(answering) answers in its place")
                guard let other else { return }
                number = other
            }
        }
    }

    private func restore(_ number: Int64, _ vision: Vision) async throws(Problem) {
        let restored = try await load(number, vision: vision)
        var learned: (statistics: LabelStatistics, sketches: SketchIndex)?
        if let top = restored.top {
            _ = try await show(to: top)
            learned = try await storing { try self.learned(through: top) }
        }
        version = restored
        (tuned, tunedSketches) = (learned?.statistics, learned?.sketches ?? SketchIndex())
    }

    /// The version to answer instead of `number`, where that one's file is damaged or gone; noted in the store.
    private func replacement(ofDamaged number: Int64, featureCount: Int) async -> Int64? {
        guard let stored = try? await store.version(number), stored.hasWeights,
            VersionFile.isDamaged(
                StateFiles.version(number, state: configuration.state), digest: stored.digest,
                featureCount: featureCount)
        else { return nil }
        var other = stored.parent
        while other != 0 {
            // Rejected ones are not remembered for ever.
            guard let parent = try? await store.version(other) else {
                other = 0
                break
            }
            if parent.hasWeights && parent.state.mayAnswer { break }
            other = parent.parent
        }
        return (try? await store.replaceActive(number, by: other)) == nil ? nil : other
    }

    /// Version `number` as it would answer, every byte of its file checked.
    func load(_ number: Int64, vision: Vision) async throws(Problem) -> ActiveVersion {
        guard number != 0 else { return .none }
        let (file, snapshot, facts) = try await read(
            number, fingerprint: vision.backbone.fingerprint, featureCount: vision.backbone.featureCount)
        return ActiveVersion(
            number: number, snapshotChange: snapshot, head: file.head, calibration: facts.calibration,
            top: try top(of: file, version: number, vision))
    }

    /// The file of version `number`, every byte of it checked, and what is known of it.
    ///
    /// - Parameters:
    ///   - fingerprint: The backbone that it has to belong to.
    ///   - featureCount: That backbone's.
    func read(
        _ number: Int64, fingerprint: String, featureCount: Int
    ) async throws(Problem) -> (VersionFile, snapshot: Int64, VersionFacts) {
        let stored = try await storing { try await store.version(number) }
        func unusable(_ reason: String) -> Problem {
            Problem(.versionUnusable, detail: "version \(number) cannot answer: \(reason)")
        }
        guard stored.state.mayAnswer else { throw unusable("the gate kept it back (\(stored.reason))") }
        guard stored.hasWeights else { throw unusable("its weights were removed as too old: train again") }
        guard stored.fingerprint == fingerprint else {
            throw unusable("it was trained on another backbone's features: load that backbone, or train again")
        }
        guard let facts = stored.measured else {
            throw unusable("what was measured of it cannot be read: train again")
        }
        let path = StateFiles.version(number, state: configuration.state)
        return (try readFile(path, digest: stored.digest, featureCount: featureCount), stored.snapshot, facts)
    }

    /// A version's file, every byte of which is checked.
    private func readFile(_ path: String, digest: String, featureCount: Int) throws(Problem) -> VersionFile {
        do {
            let found = try MappedFile(path: path, byteLimit: Configuration.backboneLimit).digest().description
            guard found == digest else {
                throw Problem(
                    .versionUnusable,
                    detail:
                        "\(path) is damaged: its SHA-256 is \(found), expected \(digest); activate another version, "
                        + "train again, or restore it from a backup")
            }
            return try VersionFile(path: path, featureCount: featureCount)
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(.versionUnusable, detail: "\(path) cannot be used: \(error); train again")
        }
    }

    private func top(of file: VersionFile, version: Int64, _ vision: Vision) throws(Problem) -> VersionTop? {
        try VersionTop(
            file, version: version, above: vision.backbone, in: BackboneFolder(state: configuration.state),
            threads: pool.threads)
    }

    /// Removes the weights of versions that are too old to go back to. What cannot be removed now is tried no more: it costs
    /// room, not truth.
    private func removeOldWeights() async {
        do {
            for number in try await store.dropOldWeights(keep: Self.keptVersions) {
                try FileManager.default.removeItem(atPath: StateFiles.version(number, state: configuration.state))
            }
        } catch {
            logger.warning("an old version's weights could not be removed: \(error)")
        }
    }
}
