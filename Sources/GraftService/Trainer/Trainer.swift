import Foundation
import Glibc
import GraftAPI
import GraftCheckpoint
import GraftLearning
import GraftStore
import GraftTensor
import Synchronization

/// The trainer's side of a job: what `graftd train` does.
package enum Trainer {
    /// Reads a job from standard input, does it, reports on standard output, and returns the exit status.
    package static func main() async -> Int32 {
        // The first to go when memory runs out; it fails where the system does not let us say so, which changes nothing.
        try? "1000".write(toFile: "/proc/self/oom_score_adj", atomically: false, encoding: .utf8)
        let output = MessageWriter()
        guard let line = readLine(), let job = try? JSONDecoder().decode(TrainerJob.self, from: Data(line.utf8)) else {
            output.write(.failed(message: "the job on standard input cannot be read"))
            return 1
        }
        endWithTheDaemon()
        do {
            output.write(.finished(try await train(job) { output.write(.progress(fraction: $0, message: $1)) }))
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

    /// Trains on the samples up to the job's snapshot, writes the candidate, and judges it.
    package static func train(
        _ job: TrainerJob, progress: @escaping @Sendable (Double, String) -> Void
    ) async throws -> TrainerResult {
        let threads = ProcessInfo.processInfo.activeProcessorCount
        // LAPACK keeps more on the stack than the kernels do.
        let pool = ComputePool(threads: threads, queueLimit: 0, stackSize: 8 << 20)
        let result = try await pool.run { worker in
            try CandidateTraining(job, threads: threads).result(by: worker, progress: progress)
        }
        await pool.stop()
        return result
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
