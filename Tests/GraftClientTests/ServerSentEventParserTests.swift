import GraftClient
import Testing

@Suite struct ServerSentEventParserTests {
    /// The stream and what the specification's rules make of it (WHATWG HTML, section 9.2.6).
    @Test(arguments: [
        ("event: train\ndata: {}\n\n", [ServerSentEvent(name: "train", data: "{}")]),
        ("data: a\r\ndata: b\r\n\r\n", [ServerSentEvent(name: "message", data: "a\nb")]),
        ("data:a\rdata:  b\r\r", [ServerSentEvent(name: "message", data: "a\n b")]),
        (": comment\n\nid: 7\nretry: 10\ndata\n\n", [ServerSentEvent(name: "message", data: "")]),
        ("event: lost\n\ndata: x\n\n", [ServerSentEvent(name: "message", data: "x")]),
        ("data: unfinished\n", []),
        ("\u{FEFF}data: ä\n\n", [ServerSentEvent(name: "message", data: "ä")]),
    ])
    func theStreamIsTheSameHoweverItIsCut(stream: String, expected: [ServerSentEvent]) throws {
        let bytes = Array(stream.utf8)
        for cut in 0...bytes.count {
            var parser = ServerSentEventParser()
            let events = try parser.parse(bytes[..<cut]) + parser.parse(bytes[cut...])
            #expect(events == expected, "cut at \(cut)")
        }
    }

    @Test func aLineWithoutEndIsRefused() {
        var parser = ServerSentEventParser()
        #expect(throws: ClientError.self) {
            try parser.parse([UInt8](repeating: UInt8(ascii: "a"), count: ServerSentEventParser.byteLimit + 1))
        }
    }
}
