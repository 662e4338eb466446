import GraftAPI
import GraftService
import Testing

@Suite struct TimingsTests {
    @Test func theMedianIsOfTheLastOnes() {
        let timings = Timings(capacity: 3)
        #expect(timings.median == nil)
        for milliseconds in [1_000, 1_000, 1, 2, 3] { timings.record(.milliseconds(milliseconds)) }
        #expect(timings.median == 2)
    }
}

@Suite struct EventHubTests {
    private let event = ServiceEvent.published(ModelReference(version: 1, revision: 0))

    @Test func everyListenerHearsEveryEventSinceItListened() async {
        let hub = EventHub()
        hub.send(event)
        let first = hub.listen()
        let second = hub.listen()
        hub.send(event)
        hub.finish()
        for stream in [first, second] {
            var heard: [ServiceEvent] = []
            for await event in stream { heard.append(event) }
            #expect(heard == [event])
        }
    }

    @Test func listeningAfterTheEndEndsAtOnce() async {
        let hub = EventHub()
        hub.finish()
        for await _ in hub.listen() { Issue.record("no event comes after the end") }
    }
}
