import Foundation
import GraftClient
import Testing

extension DaemonTests {
    /// More requests than the queue holds.
    @Suite(.enabled(if: Programs.weights != nil, Programs.weightsCondition))
    struct OverloadTests {
        @Test func pastTheQueueRequestsAreToldWhenToComeBackAndOthersAreAnswered() async throws {
            try await RunningDaemon.with(configuration: "threads: 1\nqueueLimit: 2\n") { daemon in
                _ = try await daemon.client.teach(
                    TestImages.ppm(kind: "rings", seed: 1), mediaType: .ppm, label: "rings")
                // A pixmap of printable bytes, so that it can be written as text.
                let image = "P6\n224 224\n255\n" + String(repeating: "graftd", count: 224 * 224 / 2)
                let answers = try await withThrowingTaskGroup(of: [RawRequest].self) { group in
                    for _ in 0..<24 {
                        group.addTask { [socket = daemon.socket] in
                            try await onThread {
                                try (0..<4).map { _ in try RawRequest(post: "/v1/classify", image, socket: socket) }
                            }
                        }
                    }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                #expect(answers.count == 96)
                let refused = answers.filter { $0.status == 503 }
                // One thread and two places cannot hold 24 clients at a time, nor can all be refused.
                #expect(!refused.isEmpty)
                #expect(answers.contains { $0.status == 200 })
                #expect(answers.allSatisfy { $0.status == 200 || $0.status == 503 })
                #expect(refused.allSatisfy { $0.head.lowercased().contains("\r\nretry-after: 1\r\n") })
                #expect(refused.allSatisfy { $0.body.contains("urn:graftd:problem:busy") })
                // The storm is over, and with it the refusals.
                #expect(try RawRequest(post: "/v1/classify", image, socket: daemon.socket).status == 200)
                #expect(try await daemon.client.status().queued == 0)
            }
        }

        /// What `body` returns, run on a thread of its own, which may block.
        private func onThread<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
            try await withCheckedThrowingContinuation { continuation in
                Thread { continuation.resume(with: Result { try body() }) }.start()
            }
        }
    }
}
