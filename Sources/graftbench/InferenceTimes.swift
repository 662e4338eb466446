import Foundation
import GraftNetwork
import GraftTensor

/// The times of `runs` batches, in ascending order, after three that are not counted.
///
/// One image is split over all threads; of several, each thread takes one at a time.
func inferenceTimes(
    of backbone: Backbone, image: Tensor, threads: Int, batch: Int, runs: Int
) async throws -> [Double] {
    let pool = ComputePool(threads: threads, queueLimit: batch)
    let workspaces = backbone.makeWorkspaces(threads: threads)
    let clock = ContinuousClock()
    var times: [Double] = []
    if batch == 1 {
        times = try await pool.run { worker in
            func pass() { backbone.forward(image, in: workspaces, by: worker) { _ in } }
            for _ in 0..<3 { pass() }
            return (0..<runs).map { _ in clock.measure { pass() } / .milliseconds(1) }
        }
    } else {
        for run in 0..<runs + 3 {
            let start = clock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<batch {
                    group.addTask {
                        try await pool.run { backbone.forward(image, in: workspaces, by: $0) { _ in } }
                    }
                }
                try await group.waitForAll()
            }
            if run >= 3 { times.append((clock.now - start) / .milliseconds(1)) }
        }
    }
    await pool.stop()
    return times.sorted()
}

/// To microseconds.
func rounded(_ milliseconds: Double) -> Double { (milliseconds * 1000).rounded() / 1000 }
