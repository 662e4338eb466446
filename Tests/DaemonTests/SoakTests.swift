import Foundation
import GraftAPI
import GraftClient
import Synchronization
import Testing

extension DaemonTests {
    /// Mixed use for minutes, in which nothing may pile up.
    @Suite(.enabled(if: Programs.weights != nil, Programs.weightsCondition))
    struct SoakTests {
        /// How long; nil where nobody asked for it.
        static let seconds = ProcessInfo.processInfo.environment["GRAFTD_TEST_SOAK_SECONDS"].flatMap { Double($0) }

        /// What the workers share.
        private final class Soak: Sendable {
            struct Moment {
                /// Since the start.
                let seconds: Double
                let residentBytes: Int
                let descriptors: Int
            }

            let start = ContinuousClock.now
            let moments = Mutex<[Moment]>([])
            /// When each answer came, and after how many milliseconds.
            let answers = Mutex<[(seconds: Double, milliseconds: Double)]>([])
            let counts = Mutex<[String: Int]>([:])

            var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }
            var isOver: Bool { seconds > SoakTests.seconds! }

            func count(_ what: String) { counts.withLock { $0[what, default: 0] += 1 } }
        }

        @Test(.enabled(if: seconds != nil, "takes minutes: ./deploy/test runs it, or set GRAFTD_TEST_SOAK_SECONDS"))
        func mixedUseLeaksNeitherMemoryNorDescriptors() async throws {
            // About 60 of the 120 samples' latents fit, so that every taught sample evicts one.
            let configuration = "trainAutomatically: off\nlatentLimit: 1000000\n"
            try await RunningDaemon.with(configuration: configuration) { daemon in
                try await daemon.teach(perKind: 24)
                let soak = Soak()
                try await withThrowingTaskGroup { group in
                    for worker in 0..<3 { group.addTask { try await ask(daemon.client, soak, worker) } }
                    group.addTask { try await change(daemon.client, soak) }
                    group.addTask { try await swap(daemon.client, soak) }
                    group.addTask { [pid = daemon.pid] in
                        while !soak.isOver {
                            try await Task.sleep(for: .milliseconds(500))
                            let moment = try Self.moment(of: pid, at: soak.seconds)
                            soak.moments.withLock { $0.append(moment) }
                        }
                    }
                    try await group.waitForAll()
                }
                try report(soak, evictions: try #require(try await daemon.client.status().latents).evicted)
            }
        }

        private func report(_ soak: Soak, evictions: Int) throws {
            let length = try #require(Self.seconds)
            let moments = soak.moments.withLock { $0 }
            // The first third is warm-up: arenas, caches and readers of the database reach the size that they keep.
            let early = moments.filter { (length / 3..<length * 2 / 3).contains($0.seconds) }
            let late = moments.filter { $0.seconds >= length * 2 / 3 }
            try #require(early.count > 3 && late.count > 3)
            // A solve, a swap or a snapshot takes up to 15 MB for a moment; what is looked at is what stays in between.
            let (before, after) = (floor(early.map(\.residentBytes)), floor(late.map(\.residentBytes)))
            let (least, leastLate) = (early.map(\.descriptors).min()!, late.map(\.descriptors).min()!)
            let answers = soak.answers.withLock { $0 }
            func p50(_ part: Range<Double>) -> Double {
                median(answers.filter { part.contains($0.seconds) }.map(\.milliseconds))
            }
            let (first, last) = (p50(length / 3..<length * 2 / 3), p50(length * 2 / 3..<length * 2))
            let counts = soak.counts.withLock { $0 }
            print(
                """
                soak of \(Int(length)) s: \(counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
                    .joined(separator: ", ")), evicted \(evictions)
                  resident \(before / 1024) KiB, then \(after / 1024) KiB; descriptors \(least), then \(leastLate); \
                p50 \(String(format: "%.1f ms, then %.1f ms", first, last))
                """)
            for what in ["classified", "taught", "forgotten", "relabelled", "trained", "activated"] {
                #expect(counts[what, default: 0] > 0, "nothing was \(what)")
            }
            #expect(evictions > 0)
            // The issue's bound for memory after warm-up.
            #expect(Double(after) <= 1.02 * Double(before))
            // A reader of the database and a connection come and go; what leaks with every request or job is far more.
            #expect(leastLate <= least + 2)
        }

        private func ask(_ client: GraftClient, _ soak: Soak, _ worker: Int) async throws {
            let images = TestImages.kinds.map { TestImages.ppm(kind: $0, seed: 900 + UInt64(worker)) }
            var turn = 0
            while !soak.isOver {
                let start = ContinuousClock.now
                _ = try await client.classify(images[turn % images.count], mediaType: .ppm)
                let milliseconds = (ContinuousClock.now - start) / .milliseconds(1)
                soak.answers.withLock { $0.append((soak.seconds, milliseconds)) }
                soak.count("classified")
                turn += 1
            }
        }

        /// Teaches, relabels and forgets, so that there are about as many samples at any time.
        private func change(_ client: GraftClient, _ soak: Soak) async throws {
            var taught: [(id: String, kind: String)] = []
            var seed: UInt64 = 10_000
            while !soak.isOver {
                let kind = TestImages.kinds[Int(seed) % TestImages.kinds.count]
                let image = TestImages.ppm(kind: kind, seed: seed)
                taught.append((try await client.teach(image, mediaType: .ppm, label: kind).id, kind))
                soak.count("taught")
                if seed % 5 == 0 {
                    _ = try await client.relabel(sample: taught[0].id, as: "rings")
                    _ = try await client.relabel(sample: taught[0].id, as: taught[0].kind)
                    soak.count("relabelled")
                }
                if taught.count > 10 {
                    _ = try await client.forget(sample: taught.removeFirst().id)
                    soak.count("forgotten")
                }
                seed += 1
            }
        }

        /// Trains, and activates one version after another.
        private func swap(_ client: GraftClient, _ soak: Soak) async throws {
            var round: UInt64 = 0
            while !soak.isOver {
                let job = try await client.train(TrainRequest(strategy: .head, seed: round))
                _ = try await client.waitForTraining(job.id)
                soak.count("trained")
                let published = try await client.versions().versions.filter { $0.state == .published && !$0.stale }
                let choices = [0] + published.prefix(3).map(\.version)
                _ = try await client.activate(version: choices[Int(round) % choices.count])
                soak.count("activated")
                round += 1
            }
        }

        /// Memory and descriptors of the process `pid` (proc(5)).
        private static func moment(of pid: pid_t, at seconds: Double) throws -> Soak.Moment {
            let fields = try String(contentsOfFile: "/proc/\(pid)/statm", encoding: .utf8).split(separator: " ")
            return Soak.Moment(
                seconds: seconds, residentBytes: (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)),
                descriptors: try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count)
        }

        /// What nine of ten are above.
        private func floor(_ values: [Int]) -> Int { values.sorted()[values.count / 10] }

        private func median<T: Comparable>(_ values: [T]) -> T { values.sorted()[values.count / 2] }
    }
}
