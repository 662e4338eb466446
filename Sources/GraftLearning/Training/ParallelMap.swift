import Dispatch
import Synchronization

/// `body(0), body(1), …` for `count` numbers, computed on up to `threads` threads; the first error in order is thrown.
func parallelMap<R: Sendable, Failure: Error>(
    _ count: Int, threads: Int, _ body: @Sendable (Int) throws(Failure) -> R
) throws(Failure) -> [R] {
    guard threads > 1 else {
        var results: [R] = []
        for i in 0..<count { results.append(try body(i)) }
        return results
    }
    let next = Mutex(0)
    let results = Mutex([Int: Result<R, Failure>]())
    DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
        while true {
            let i = next.withLock { next in
                defer { next += 1 }
                return next
            }
            guard i < count else { return }
            let result: Result<R, Failure>
            do throws(Failure) { result = .success(try body(i)) } catch { result = .failure(error) }
            results.withLock { $0[i] = result }
        }
    }
    let done = results.withLock { $0 }
    var values: [R] = []
    for i in 0..<count { values.append(try done[i]!.get()) }
    return values
}
