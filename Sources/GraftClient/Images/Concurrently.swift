/// Works on `items` with at most `jobs` in flight at a time, and hands every result to `receive` as it comes, one at a
/// time, with the item's index.
///
/// Where `receive` throws, what is in flight is cancelled and no further item is begun.
package func concurrently<Item: Sendable, Result: Sendable>(
    _ items: [Item], jobs: Int, work: @escaping @Sendable (Item) async -> Result,
    receive: (_ index: Int, _ result: Result) throws -> Void
) async throws {
    precondition(jobs > 0)
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        var next = 0
        func begin() {
            guard next < items.count else { return }
            let (index, item) = (next, items[next])
            group.addTask { (index, await work(item)) }
            next += 1
        }
        for _ in 0..<jobs { begin() }
        while let (index, result) = try await group.next() {
            begin()
            try receive(index, result)
        }
    }
}
