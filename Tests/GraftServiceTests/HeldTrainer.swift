import Foundation
import GraftAPI
import GraftCheckpoint
import GraftLearning
import GraftService
import TestSupport

/// A trainer whose work is done in the test, which may alter what comes of it before the service hears of it.
final class HeldTrainer {
    private let folder: TemporaryFolder
    let program: String

    init() throws {
        folder = try TemporaryFolder()
        let (job, answer) = (folder.file("job").path, folder.file("answer").path)
        let script = """
            read -r line
            printf '%s' "$line" > '\(job).new' && mv '\(job).new' '\(job)'
            while [ ! -e '\(answer)' ]; do sleep 0.02; done
            cat '\(answer)'
            rm '\(answer)'
            """
        program = try Self.program(script, in: folder)
    }

    /// Writes `script` as a program into `folder`.
    static func program(_ script: String, in folder: TemporaryFolder) throws -> String {
        let file = folder.file("trainer")
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: file.path)
        return file.path
    }

    /// Trains as the service asks, and hands back what `alter` made of it.
    func train(
        _ running: RunningService, alter: (inout TrainerResult, inout LinearHead) -> Void = { _, _ in },
        afterwards: (String, inout TrainerResult) throws -> Void = { _, _ in }
    ) async throws -> TrainJob {
        _ = try await running.service.train(TrainRequest(strategy: .head))
        return try await finish(running, alter: alter, afterwards: afterwards)
    }

    private static func work(on job: TrainerJob) async throws -> TrainerResult {
        try await Trainer.train(job) { _, _ in }
    }

    /// Does the work of the job that has been started; `afterwards` is told where the candidate's file is.
    func finish(
        _ running: RunningService, alter: (inout TrainerResult, inout LinearHead) -> Void = { _, _ in },
        afterwards: (String, inout TrainerResult) throws -> Void = { _, _ in }
    ) async throws -> TrainJob {
        let file = folder.file("job")
        while !FileManager.default.fileExists(atPath: file.path) { try await Task.sleep(for: .milliseconds(5)) }
        let job = try JSONDecoder().decode(TrainerJob.self, from: Data(contentsOf: file))
        try FileManager.default.removeItem(at: file)

        var result = try await Self.work(on: job)
        var head = try LinearHead(file: SafetensorsFile(path: job.output), featureCount: job.featureCount)
        alter(&result, &head)
        try SafetensorsWriter.write(head.stateDict(), metadata: head.metadata, to: job.output)
        result.digest = try MappedFile(path: job.output, byteLimit: 1 << 30).digest().description
        try afterwards(job.output, &result)
        let line = try JSONEncoder().encode(TrainerMessage.finished(result)) + Data("\n".utf8)
        try line.write(to: folder.file("answer"), options: .atomic)
        while true {
            let ended = try await running.service.trainingJob()
            if ended.state != .running { return ended }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

extension LinearHead {
    /// With `change` made to the weights `[L, D]`, row-major.
    func altered(_ change: (inout [Float]) -> Void) -> LinearHead {
        var weights = weights
        change(&weights)
        return LinearHead(
            labels: labels, featureCount: featureCount, space: space, weights: weights, bias: bias,
            temperature: temperature)
    }

    /// Each label answers for the next one.
    var sabotaged: LinearHead { altered { $0 = Array($0[featureCount...] + $0[..<featureCount]) } }
}
