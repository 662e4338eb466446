import Foundation
import Glibc
import GraftAPI
import GraftCheckpoint
import GraftLearning
import GraftStore
import Synchronization

/// The trainer's side of a job: what `graftd train` does.
package enum Trainer {
    /// Reads a job from standard input, does it, reports on standard output, and returns the exit status.
    package static func main() -> Int32 {
        // The first to go when memory runs out; it fails where the system does not let us say so, which changes nothing.
        try? "1000".write(toFile: "/proc/self/oom_score_adj", atomically: false, encoding: .utf8)
        let output = MessageWriter()
        guard let line = readLine(), let job = try? JSONDecoder().decode(TrainerJob.self, from: Data(line.utf8)) else {
            output.write(.failed(message: "the job on standard input cannot be read"))
            return 1
        }
        endWithTheDaemon()
        do {
            output.write(.finished(try train(job) { output.write(.progress(fraction: $0, message: $1)) }))
            return 0
        } catch {
            output.write(.failed(message: "\(error)"))
            return 1
        }
    }

    /// The daemon holds our input open as long as it lives.
    private static func endWithTheDaemon() {
        Thread.detachNewThread {
            while readLine() != nil {}
            exit(1)
        }
    }

    /// Trains on the samples up to the job's snapshot, writes the candidate's head, and judges it.
    package static func train(
        _ job: TrainerJob, progress: @escaping @Sendable (Double, String) -> Void
    ) throws -> TrainerResult {
        let store = try Store(folder: job.state, access: .reader)
        var set = TrainingSet(featureCount: job.featureCount)
        var samples: [String] = []
        progress(0, "reading samples")
        set.reserveCapacity(try store.sampleCount(fingerprint: job.fingerprint))
        try store.forEachBatch(fingerprint: job.fingerprint, upTo: job.snapshot) { batch in
            for sample in batch {
                let digest = SHA256Digest(bytes: sample.digest)
                set.append(
                    RootFeatures(values: sample.features), label: sample.label,
                    fold: Folds.fold(ofGroup: sample.group ?? digest.description))
                samples.append(sample.id)
            }
        }
        var training = HeadTraining()
        training.threads = ProcessInfo.processInfo.activeProcessorCount
        training.incumbent = job.incumbentCalibration
        training.space = FeatureSpace(job.features)
        let trained = try training.train(set, progress: progress)
        try SafetensorsWriter.write(trained.head.stateDict(), metadata: metadata(job, trained.head), to: job.output)
        let verdict =
            job.incumbent == 0
            ? trained.verdict
            : judge(trained, set, samples, against: try store.answers(of: job.incumbent), gate: training.gate)
        return TrainerResult(
            digest: try MappedFile(path: job.output, byteLimit: Configuration.backboneLimit).digest().description,
            quality: Quality(trained.evaluation), perLabel: trained.evaluation.labels.map(LabelQuality.init),
            calibration: trained.calibration, publish: verdict.publish, reason: verdict.reason,
            outOfFold: zip(trained.outOfFold.rows, trained.outOfFold.candidate).map { row, answer in
                OutOfFoldAnswer(sample: samples[row], label: answer.label, probability: answer.probability)
            })
    }

    /// The gate against a published version: by what that said, out of fold, of the samples it was trained on, and by what
    /// the analytic head says of those that came later.
    private static func judge(
        _ trained: TrainedHead, _ set: TrainingSet, _ samples: [String], against answers: [String: VersionAnswer],
        gate: Gate
    ) -> Gate.Verdict {
        let rows = trained.outOfFold.rows
        return gate.judge(
            truth: rows.map { set.labels[$0] },
            incumbent: zip(rows, trained.outOfFold.incumbent).map { answers[samples[$0]]?.label ?? $1.label },
            candidate: trained.outOfFold.candidate.map(\.label))
    }

    /// What a version's file says of itself; no time, so that the same job gives the same bytes.
    private static func metadata(_ job: TrainerJob, _ head: LinearHead) -> [String: String] {
        let entries = [
            "format": "graftd-version-1", "fingerprint": job.fingerprint, "snapshot": "\(job.snapshot)",
            "seed": "\(job.seed)", "strategy": job.strategy.rawValue,
        ]
        return entries.merging(head.metadata) { $1 }
    }
}

/// Writes messages as lines of JSON, whole, from any thread.
private final class MessageWriter: Sendable {
    private let output = Mutex(FileHandle.standardOutput)

    func write(_ message: TrainerMessage) {
        guard let line = try? JSONEncoder().encode(message) else { return }
        // Where nobody reads any more, the daemon is gone, and the thread that watches it ends us.
        output.withLock { try? $0.write(contentsOf: line + Data("\n".utf8)) }
    }
}

extension FeatureSpace {
    init(_ features: HeadFeatures) {
        self =
            switch features {
            case .roots: .roots
            case .plain: .plain
            }
    }
}

extension Quality {
    init(_ evaluation: Evaluation) {
        self.init(
            samples: evaluation.samples, accuracy: evaluation.accuracy, balancedAccuracy: evaluation.balancedAccuracy,
            logLoss: evaluation.logLoss, calibrationError: evaluation.calibrationError)
    }
}

extension LabelQuality {
    init(_ label: Evaluation.Label) {
        self.init(label: label.label, samples: label.samples, precision: label.precision, recall: label.recall)
    }
}
