import Foundation
import GraftAPI
import GraftCheckpoint
import GraftLearning
import GraftStore

/// The version that answers, as the learner needs it.
struct ActiveVersion: Sendable {
    var number: Int64
    /// The last change it has learned; revisions count from here.
    var snapshotChange: Int64
    /// Nil for version 0, when the analytic head answers alone.
    var head: LinearHead?
    /// The analytic head's, as measured by the version's training; nil where nothing was measured yet.
    var calibration: AnalyticHead.Calibration?

    static let none = ActiveVersion(number: 0, snapshotChange: 0, head: nil, calibration: nil)
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
}

/// What a training job starts from.
struct TrainingPlan: Sendable {
    var snapshot: Int64
    var fingerprint: String
    var featureCount: Int
    var incumbent: Int64
    var incumbentCalibration: AnalyticHead.Calibration?
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
        let ready = statistics.labels.count {
            $0.key != LabelStatistics.background && $0.value.count >= Self.labelMinimum
        }
        guard ready >= 2 else {
            throw Problem(
                .tooFewSamples,
                detail:
                    "training takes at least 2 labels with \(Self.labelMinimum) samples each, found \(ready): teach "
                    + "more; until then the analytic head answers")
        }
        return TrainingPlan(
            snapshot: lastChange, fingerprint: vision.backbone.fingerprint, featureCount: vision.backbone.featureCount,
            incumbent: version.number, incumbentCalibration: version.calibration)
    }

    /// Keeps what a job made, and lets it answer if the gate said so. Returns the version's number.
    func conclude(_ job: TrainerJob, _ result: TrainerResult) async throws(Problem) -> Int {
        try await exclusively { () throws(Problem) in
            guard try loadedVision().backbone.fingerprint == job.fingerprint else {
                throw Problem(.versionUnusable, detail: "another backbone was loaded while the job ran: train again")
            }
            // Read before anything is kept: a file that cannot be read is no version.
            let head = try readHead(job.output, digest: result.digest, featureCount: job.featureCount)
            let facts = VersionFacts(
                quality: result.quality, labels: result.perLabel, calibration: result.calibration,
                features: job.features, verdict: result.verdict)
            let number = try await storing {
                try await store.insert(
                    NewVersion(
                        parent: job.incumbent, fingerprint: job.fingerprint, snapshot: job.snapshot,
                        strategy: job.strategy.rawValue, seed: job.seed,
                        facts: String(decoding: try JSONEncoder().encode(facts), as: UTF8.self), digest: result.digest,
                        answers: result.outOfFold.map {
                            VersionAnswer(sample: $0.sample, label: $0.label, probability: $0.probability)
                        }))
            }
            guard result.verdict.publish else {
                try await storing { try await store.reject(number, reason: result.verdict.reason) }
                events.send(.rejected(VersionRejected(version: Int(number), reason: result.verdict.reason)))
                return Int(number)
            }
            try await storing {
                try DurableFile.move(job.output, to: StateFiles.version(number, state: configuration.state))
                try await store.publish(number, reason: result.verdict.reason)
            }
            swap(
                to: ActiveVersion(
                    number: number, snapshotChange: job.snapshot, head: head, calibration: result.calibration))
            events.send(.published(reference))
            logger.notice(
                "version published", metadata: ["version": "\(number)", "reason": "\(result.verdict.reason)"])
            await removeOldWeights()
            return Int(number)
        }
    }

    /// Lets version `number` answer, forward or back; 0 is the analytic head alone.
    func activate(_ number: Int) async throws(Problem) -> Activated {
        try await exclusively { () throws(Problem) in
            let vision = try loadedVision()
            let next = try await load(
                Int64(number), fingerprint: vision.backbone.fingerprint, featureCount: vision.backbone.featureCount)
            try await storing { try await store.activate(Int64(number)) }
            let previous = Int(version.number)
            swap(to: next)
            let activated = Activated(model: reference, previous: previous)
            events.send(.activated(activated))
            logger.notice("version activated", metadata: ["version": "\(number)", "previous": "\(previous)"])
            return activated
        }
    }

    /// The version that was active when the service stopped; the analytic head alone where that cannot be used.
    func restoreVersion(fingerprint: String, featureCount: Int) async throws(Problem) -> ActiveVersion {
        let number = try await storing { try await store.activeVersion() }
        do {
            return try await load(number, fingerprint: fingerprint, featureCount: featureCount)
        } catch {
            logger.error("version \(number) does not answer: \(error.detail); the analytic head answers alone")
            return .none
        }
    }

    /// Version `number` as it would answer, every byte of its file checked.
    func load(_ number: Int64, fingerprint: String, featureCount: Int) async throws(Problem) -> ActiveVersion {
        guard number != 0 else { return .none }
        let stored = try await storing { try await store.version(number) }
        func unusable(_ reason: String) -> Problem {
            Problem(.versionUnusable, detail: "version \(number) cannot answer: \(reason)")
        }
        guard stored.state.mayAnswer else { throw unusable("the gate kept it back (\(stored.reason))") }
        guard stored.hasWeights else { throw unusable("its weights were removed as too old: train again") }
        guard stored.fingerprint == fingerprint else {
            throw unusable("it was trained on another backbone's features: load that backbone, or train again")
        }
        guard let facts = try? JSONDecoder().decode(VersionFacts.self, from: Data(stored.facts.utf8)) else {
            throw unusable("what was measured of it cannot be read: train again")
        }
        let path = StateFiles.version(number, state: configuration.state)
        return ActiveVersion(
            number: number, snapshotChange: stored.snapshot,
            head: try readHead(path, digest: stored.digest, featureCount: featureCount), calibration: facts.calibration)
    }

    /// The head in a version's file, every byte of which is checked.
    private func readHead(_ path: String, digest: String, featureCount: Int) throws(Problem) -> LinearHead {
        do {
            let found = try MappedFile(path: path, byteLimit: Configuration.backboneLimit).digest().description
            guard found == digest else {
                throw Problem(
                    .versionUnusable,
                    detail:
                        "\(path) is damaged: its SHA-256 is \(found), expected \(digest); activate another version or "
                        + "train again")
            }
            return try LinearHead(file: SafetensorsFile(path: path), featureCount: featureCount)
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(.versionUnusable, detail: "\(path) cannot be used: \(error); train again")
        }
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
