import Foundation
import GraftAPI
import GraftClient
import Testing

extension DaemonTests {
    /// Training as it is asked for: by hand, by a timer, and wrongly.
    @Suite struct TrainingTests {
        @Test(arguments: [
            (#"{"strategy":"best"}"#, "expected 'head', 'top', 'auto', found 'best' at strategy"),
            (#"{"features":"cubes"}"#, "expected 'roots', 'plain', found 'cubes' at features"),
            (#"{"stratgy":"head"}"#, "found 'stratgy'"),
            (#"{"seed":-1}"#, "a number is out of its range"),
            (#"{"if_due":"yes"}"#, "expected Bool at if_due"),
            (#"["head"]"#, "the body is not the expected JSON"),
            ("head", "the body is not the expected JSON"),
        ])
        func whatIsMisspeltIsRefusedWithWhatWasExpected(body: String, says: String) async throws {
            try await RunningDaemon.with(backbone: false) { daemon in
                let answer = try RawRequest(post: "/v1/train", body, socket: daemon.socket)
                #expect(answer.status == 400)
                let problem = try APICoding.decoder().decode(Problem.self, from: Data(answer.body.utf8))
                #expect(problem.kind == .badRequest && problem.detail.contains(says), "\(problem.detail)")
            }
        }

        @Test func whatIsNotDueIsSaidAndNoFailure() async throws {
            try await RunningDaemon.with(backbone: false) { daemon in
                let run = try ProgramRun(Programs.graftctl, ["train", "--if-due", "--socket", daemon.socket])
                #expect(run.status == 0, "\(run.errors)")
                #expect(run.output.hasPrefix("no job started: not due: 0 new samples"))
                #expect(run.output.contains("graftctl backbone import"))
            }
        }

        private static let atOnce = """
            trainAutomatically: off
            trainAfterSamples: 40
            trainQuietSeconds: 0
            trainIntervalSeconds: 0
            trainMinimumBattery: 0
            trainMaximumTemperature: 0
            """

        @Test(.enabled(if: Programs.weights != nil, Programs.weightsCondition))
        func ifDueTrainsOnce() async throws {
            try await RunningDaemon.with(configuration: Self.atOnce) { daemon in
                func ifDue() throws -> ProgramRun {
                    try ProgramRun(
                        Programs.graftctl,
                        ["train", "--if-due", "--wait", "--strategy", "head", "--socket", daemon.socket])
                }
                try await daemon.teach(perKind: 8)
                let status = try ProgramRun(Programs.graftctl, ["status", "--socket", daemon.socket])
                #expect(status.output.contains("due: 40 new samples (on request only)"), "\(status.output)")
                let first = try ifDue()
                #expect(first.status == 0 || first.status == 5, "\(first.errors)")
                #expect(try await daemon.client.versions().versions.count == 1)
                let second = try ifDue()
                #expect(second.status == 0 && second.output.hasPrefix("no job started: not due: 0 new samples"))
                let shown = try ProgramRun(Programs.graftctl, ["versions", "1", "--socket", daemon.socket])
                #expect(shown.status == 0 && shown.output.contains("rings"), "\(shown.errors)")
            }
        }

        @Test(.enabled(if: Programs.weights != nil, Programs.weightsCondition))
        func aJobThatAKillInterruptedIsRememberedAsFailed() async throws {
            try await RunningDaemon.with(configuration: Self.atOnce) { daemon in
                try await daemon.teach(perKind: 8)
                let job = try await daemon.client.train(TrainRequest(strategy: .head))
                daemon.kill()
                try await daemon.start()
                let after = try await daemon.client.trainJob()
                #expect(after?.id == job.id)
                #expect(after?.state == .failed)
                #expect(after?.message.contains("was killed, while it ran: train again") == true)
            }
        }
    }
}
