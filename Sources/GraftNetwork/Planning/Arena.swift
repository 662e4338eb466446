/// A stretch of floats that is needed from one step of a plan to another, both included.
package struct Lifetime: Equatable {
    package var count: Int
    package var first: Int
    package var last: Int

    package init(count: Int, first: Int, last: Int) {
        self.count = count
        self.first = first
        self.last = last
    }

    package func overlaps(_ other: Lifetime) -> Bool { first <= other.last && other.first <= last }
}

/// Places for tensors in one stretch of memory, such that those alive at the same time do not overlap.
package struct Arena {
    /// Of each tensor, in floats; multiples of a cache line.
    package let offsets: [Int]
    /// Floats.
    package let count: Int

    /// Places the largest tensors first, each at the lowest offset that is free for its whole life: the greedy
    /// by size of Pisarchyk and Lee (2020, arXiv 2001.03288), which is near the lower bound for chains.
    package init(_ lifetimes: [Lifetime]) {
        let lineCount = 16
        var offsets = [Int](repeating: 0, count: lifetimes.count)
        var placed: [Int] = []
        var total = 0
        for tensor in lifetimes.indices.sorted(by: { lifetimes[$0].count > lifetimes[$1].count }) {
            let neighbours = placed.filter { lifetimes[$0].overlaps(lifetimes[tensor]) }
                .sorted { offsets[$0] < offsets[$1] }
            var offset = 0
            for neighbour in neighbours {
                if offset + lifetimes[tensor].count <= offsets[neighbour] { break }
                let end = offsets[neighbour] + lifetimes[neighbour].count
                offset = max(offset, (end + lineCount - 1) / lineCount * lineCount)
            }
            offsets[tensor] = offset
            placed.append(tensor)
            total = max(total, offset + lifetimes[tensor].count)
        }
        self.offsets = offsets
        count = total
    }
}
