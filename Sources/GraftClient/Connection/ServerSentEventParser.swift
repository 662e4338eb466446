/// One server-sent event.
package struct ServerSentEvent: Sendable, Equatable {
    /// What kind of event it is; `message` where the stream does not say.
    package var name: String
    package var data: String

    package init(name: String, data: String) {
        self.name = name
        self.data = data
    }
}

/// Turns the bytes of an event stream, however they are cut, into events (WHATWG HTML, section 9.2.6).
///
/// Fields other than `event` and `data`, and comments, are read over: this API has no use for them.
package struct ServerSentEventParser: Sendable {
    /// The longest line or data, in bytes, that is taken from a stream; past it, the stream is not this API's.
    package static let byteLimit = 1 << 20

    private var line: [UInt8] = []
    private var lastWasReturn = false
    private var isFirstLine = true
    private var name = ""
    private var data: [Substring] = []
    private var dataLength = 0

    package init() {}

    /// The events that `bytes` complete.
    ///
    /// - Throws: ``ClientError/interrupted(detail:)`` past ``byteLimit``.
    package mutating func parse(_ bytes: some Sequence<UInt8>) throws(ClientError) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            // A line ends with \n, \r or \r\n, and the two bytes of the latter may come in two pieces.
            let endsSameLine = byte == UInt8(ascii: "\n") && lastWasReturn
            lastWasReturn = byte == UInt8(ascii: "\r")
            if endsSameLine { continue }
            if lastWasReturn || byte == UInt8(ascii: "\n") {
                if let event = takeLine() { events.append(event) }
            } else {
                line.append(byte)
            }
            guard line.count + dataLength <= Self.byteLimit else {
                throw .interrupted(detail: "an event has more than \(Self.byteLimit) bytes")
            }
        }
        return events
    }

    private mutating func takeLine() -> ServerSentEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        var text = Substring(String(decoding: line, as: UTF8.self))
        if isFirstLine, text.unicodeScalars.first == "\u{FEFF}" { text = Substring(text.unicodeScalars.dropFirst()) }
        isFirstLine = false
        guard !text.isEmpty else { return takeEvent() }

        let colon = text.firstIndex(of: ":")
        var value = colon.map { text[text.index(after: $0)...] } ?? ""
        if value.first == " " { value.removeFirst() }
        switch text[..<(colon ?? text.endIndex)] {
        case "event": name = String(value)
        case "data":
            data.append(value)
            dataLength += value.utf8.count + 1
        default: break
        }
        return nil
    }

    private mutating func takeEvent() -> ServerSentEvent? {
        defer {
            name = ""
            data = []
            dataLength = 0
        }
        guard !data.isEmpty else { return nil }
        return ServerSentEvent(name: name.isEmpty ? "message" : name, data: data.joined(separator: "\n"))
    }
}
