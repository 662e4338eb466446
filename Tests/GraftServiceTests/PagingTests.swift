import GraftService
import GraftStore
import Testing

@Suite struct PagingTests {
    @Test func moreSamplesThanAPageHoldsAreListedOnceEachAndInTheirOrder() async throws {
        let running = try await RunningService()
        let count = 2_050
        try await running.restart(meanwhile: { store in
            for start in stride(from: 0, to: count, by: 64) {
                _ = try await store.teach(
                    try (start..<min(start + 64, count)).map { number in
                        NewSample(
                            label: try LabelName(checking: number.isMultiple(of: 2) ? "even" : "odd"),
                            digest: (0..<32).map { UInt8(truncatingIfNeeded: number >> (8 * ($0 % 4))) }, group: nil,
                            fingerprint: "any", features: [1, 2], prediction: nil, relabels: false)
                    })
            }
        })
        var (pages, digests): ([Int], [String]) = ([], [])
        var after = 0
        while true {
            let page = try await running.service.samples(label: nil, after: after, limit: 1_000)
            pages.append(page.samples.count)
            digests += page.samples.map(\.digest)
            // A page begins after the last one's end, whether that sample is still there or not.
            if pages.count == 1 { _ = try await running.service.forget(try #require(page.samples.last).id) }
            guard let next = page.next else { break }
            after = try #require(Int(next))
        }
        #expect(pages == [1_000, 1_000, 50])
        let expected = (0..<count).map { number in
            // The low byte first, eight times over.
            let word = (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
            return (0..<8).map { _ in word.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }.joined()
        }
        #expect(digests == expected)

        // What is left of a label ends with a page that is just full: nothing follows it.
        let odd = try await running.service.samples(label: "odd", after: 0, limit: 1_000)
        #expect(odd.samples.count == 1_000 && odd.next != nil)
        let last = try await running.service.samples(label: "odd", after: Int(odd.next ?? "") ?? 0, limit: 24)
        #expect(last.samples.count == 24 && last.next == nil)
        await running.service.stop()
    }
}
