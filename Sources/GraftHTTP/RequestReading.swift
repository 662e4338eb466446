import Foundation
import GraftAPI
import HTTPTypes
import Hummingbird
import NIOCore
import NIOFoundationCompat

extension Request {
    /// The value of `?name=`, or nil.
    func query(_ name: String) -> String? { uri.queryParameters.get(name) }

    /// The value of `?name=` as a whole number in `range`, or `fallback` where it is absent.
    func query(_ name: String, in range: ClosedRange<Int>, default fallback: Int) throws(Problem) -> Int {
        guard let text = query(name) else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            throw Problem(
                .badRequest,
                detail:
                    "?\(name)= takes a whole number from \(range.lowerBound) to \(range.upperBound), found '\(text)'")
        }
        return number
    }

    /// The value of `?name=`, which must be there.
    func requiredQuery(_ name: String, hint: String) throws(Problem) -> String {
        guard let value = query(name) else {
            throw Problem(.badRequest, detail: "?\(name)= is missing: \(hint)")
        }
        return value
    }

    /// - Throws: `Problem` of kind `unsupported-type` where `Content-Type` names another type than `type`; it may be absent.
    func requireType(_ type: String) throws(Problem) {
        guard let found = headers[.contentType] else { return }
        let name = found.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces)
        guard name.lowercased() != type else { return }
        throw Problem(
            .unsupportedType,
            detail: "expected \(type) as Content-Type, found '\(found)'; with curl, add -H 'Content-Type: \(type)'")
    }

    /// The whole body, at most `limit` bytes: where it came in one piece, that piece itself.
    func data(limit: Int) async throws -> Data {
        if let encoding = headers.value(of: .contentEncoding), encoding.lowercased() != "identity" {
            throw Problem(
                .unsupportedType, detail: "expected no Content-Encoding, found '\(encoding)'; send the body as it is")
        }
        var tooLarge: Problem {
            Problem(
                .bodyTooLarge, detail: "the body is larger than the limit of \(limit) bytes; the setting is bodyLimit")
        }
        let announced = headers.value(of: .contentLength).flatMap(Int.init)
        if let announced, announced > limit { throw tooLarge }
        var whole: ByteBuffer?
        for try await var piece in body {
            guard (whole?.readableBytes ?? 0) + piece.readableBytes <= limit else { throw tooLarge }
            whole.setOrWriteBuffer(&piece)
        }
        guard let whole else { return Data() }
        // What is remembered of an answer keeps all that was read along with it.
        let isMostOfIt = whole.readableBytes >= whole.storageCapacity / 2
        return Data(buffer: whole, byteTransferStrategy: isMostOfIt ? .noCopy : .copy)
    }

    /// The body as JSON, with no other keys than `example` has.
    ///
    /// - Parameter whenEmpty: What an empty body means; nil where that is an error.
    func json<Value: Decodable>(like example: Value, whenEmpty: Value? = nil) async throws -> Value {
        try requireType("application/json")
        let bytes = try await data(limit: 1 << 20)
        if bytes.isEmpty, let whenEmpty { return whenEmpty }
        try Self.refuseUnknownKeys(bytes, of: example)
        do {
            return try APICoding.decoder().decode(Value.self, from: bytes)
        } catch DecodingError.dataCorrupted(let context) where context.codingPath.isEmpty && Self.isJSON(bytes) {
            // The decoder calls a number that does not fit its type no JSON.
            throw Problem(.badRequest, detail: "the body is not the expected JSON: a number is out of its range")
        } catch let error as DecodingError {
            throw Problem(.badRequest, detail: "the body is not the expected JSON: \(error.summary)")
        }
    }
}

extension Request {
    private static func isJSON(_ bytes: Data) -> Bool {
        (try? JSONSerialization.jsonObject(with: bytes, options: .fragmentsAllowed)) != nil
    }

    /// Where something may be left out, a misspelt key would be left out too, without a word.
    private static func refuseUnknownKeys(_ json: Data, of value: some Any) throws(Problem) {
        guard let object = try? JSONSerialization.jsonObject(with: json) as? [String: Any] else { return }
        let known = Mirror(reflecting: value).children.compactMap(\.label).map(\.snakeCased)
        if let unknown = object.keys.filter({ !known.contains($0) }).sorted().first {
            throw Problem(
                .badRequest,
                detail: "the body takes \(known.map { "'\($0)'" }.joined(separator: ", ")); found '\(unknown)'")
        }
    }
}

extension String {
    /// `oneWord` as `one_word`, as ``APICoding`` spells keys.
    fileprivate var snakeCased: String {
        reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : String($1) }
    }
}

extension HTTPFields {
    /// What the subscript returns, for what every request is asked for: that one makes an index of all fields first.
    func value(of name: HTTPField.Name) -> String? {
        var value: String?
        for field in self where field.name == name { value = value.map { "\($0), \(field.value)" } ?? field.value }
        return value
    }
}

extension APIContext {
    /// The path's parameter `name`, without percent encoding.
    func parameter(_ name: String) throws(Problem) -> String {
        guard let text = parameters.get(name)?.removingPercentEncoding, !text.isEmpty else {
            throw Problem(.badRequest, detail: "the path's \(name) is not valid percent-encoded UTF-8")
        }
        return text
    }

    /// The path's parameter `name` as a whole number.
    func number(_ name: String) throws(Problem) -> Int {
        let text = try parameter(name)
        guard let number = Int(text) else {
            throw Problem(.badRequest, detail: "the path's \(name) is a whole number, found '\(text)'")
        }
        return number
    }
}

extension DecodingError {
    /// What was wrong, in one line.
    var summary: String {
        func place(_ context: Context) -> String {
            context.codingPath.isEmpty
                ? "" : " at " + context.codingPath.map(\.stringValue.snakeCased).joined(separator: ".")
        }
        return switch self {
        case .typeMismatch(let type, let context): "expected \(type)\(place(context))"
        case .valueNotFound(let type, let context): "expected \(type), found null\(place(context))"
        case .keyNotFound(let key, let context): "'\(key.stringValue)' is missing\(place(context))"
        case .dataCorrupted(let context): context.debugDescription + place(context)
        @unknown default: "it cannot be decoded"
        }
    }
}
