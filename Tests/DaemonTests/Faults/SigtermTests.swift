import Foundation
import GraftAPI
import GraftClient
import Synchronization
import Testing

extension DaemonTests.Faults {
    /// SIGTERM at any moment.
    @Suite struct SigtermTests {
        /// What the clients of a test share.
        private final class Record: Sendable {
            let acknowledged = Mutex<[String: String]>([:])
            let pictures = Atomic<UInt64>(1)
            let odd = Mutex<[String]>([])
            let done = Atomic(false)
        }

        private static func note(_ error: any Error, _ record: Record) {
            switch error {
            // Nobody listens any more, or the service says that it stops: both are answers.
            case ClientError.noDaemon: return
            case let error as ClientError where error.problemKind == .stopping: return
            // The socket was closed with the connection still waiting in it, never accepted.
            default: record.odd.withLock { $0.append("\(error)") }
            }
        }

        @Test func atRandomMomentsOfTeachingTrainingAndSwappingItStopsCleanlyAndLosesNothing() async throws {
            try await RunningDaemon.with(configuration: "trainAutomatically: off\n") { daemon in
                try await daemon.teach(perKind: 8)
                #expect(try await daemon.trainHead().state == .published)
                let before = try await daemon.samples().count
                var generator = SplitMix64(state: 7)
                let record = Record()
                for round in 1...12 {
                    record.done.store(false, ordering: .relaxed)
                    let pause = Duration.milliseconds(Int(generator.unit() * 400))
                    let statuses = await withTaskGroup(of: Int32?.self) { group in
                        for _ in 0..<4 {
                            group.addTask { [client = daemon.client] in
                                while !record.done.load(ordering: .relaxed) {
                                    let seed = record.pictures.add(1, ordering: .relaxed).newValue
                                    let kind = TestImages.kinds[Int(seed) % 5]
                                    let image = TestImages.ppm(kind: kind, seed: 10_000 + seed)
                                    do {
                                        let taught = try await client.teach(image, mediaType: .ppm, label: kind)
                                        record.acknowledged.withLock { $0[taught.id] = kind }
                                    } catch {
                                        Self.note(error, record)
                                        return nil
                                    }
                                }
                                return nil
                            }
                        }
                        group.addTask { [client = daemon.client] in
                            // Trains, and swaps back and forth, as fast as it is let.
                            while !record.done.load(ordering: .relaxed) {
                                do {
                                    _ = try await client.activate(version: 0)
                                    _ = try await client.activate(version: 1)
                                    _ = try await client.train(TrainRequest(strategy: .head, seed: UInt64(round)))
                                } catch let error as ClientError where error.problemKind == .trainingRuns {
                                    continue
                                } catch {
                                    Self.note(error, record)
                                    return nil
                                }
                            }
                            return nil
                        }
                        group.addTask {
                            try? await Task.sleep(for: pause)
                            defer { record.done.store(true, ordering: .relaxed) }
                            return daemon.stop()
                        }
                        return await group.reduce(into: [Int32]()) { if let status = $1 { $0.append(status) } }
                    }
                    #expect(statuses == [0], "after round \(round): \(daemon.logText.suffix(2_000))")
                    let found = try daemon.doctor()
                    #expect(
                        found.isHealthy, "after round \(round): \(found.findings.filter { $0.severity == .problem })")
                    try await daemon.start()
                }
                let known = record.acknowledged.withLock { $0 }
                let stored = try await daemon.samples()
                #expect(known.count > 20 && stored.count >= before + known.count)
                for (id, label) in known { #expect(stored[id] == label) }
                let odd = record.odd.withLock { $0 }
                #expect(odd.isEmpty, "a request that was accepted is answered: \(odd)")
            }
        }

        @Test func manyRequestsAtOnceAreAllAnswered() async throws {
            try await RunningDaemon.with(configuration: "trainAutomatically: off\n") { daemon in
                try await daemon.teach(perKind: 2)
                for pause in [20, 60, 150] {
                    let record = Record()
                    let answered = await withTaskGroup(of: Bool.self) { group in
                        for seed in 0..<48 {
                            group.addTask { [client = daemon.client] in
                                let image = TestImages.ppm(kind: "rings", seed: UInt64(100 + seed))
                                do {
                                    _ = try await client.classify(image, mediaType: .ppm)
                                    return true
                                } catch {
                                    Self.note(error, record)
                                    return false
                                }
                            }
                        }
                        try? await Task.sleep(for: .milliseconds(pause))
                        #expect(daemon.stop() == 0, "\(daemon.logText)")
                        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
                    }
                    let odd = record.odd.withLock { $0 }
                    #expect(odd.isEmpty, "after \(pause) ms: \(answered) answered, \(odd)")
                    try await daemon.start()
                }
            }
        }
    }
}
