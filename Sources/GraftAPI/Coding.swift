import Foundation

/// JSON as the API speaks it: keys in snake case, sorted, times in ISO 8601 (UTC).
///
/// Both sides use these two factories, so that a field is spelled once, in Swift.
package enum APICoding {
    /// The media type of a successful JSON answer.
    package static let json = "application/json; charset=utf-8"
    /// The media type of an error (RFC 9457).
    package static let problem = "application/problem+json"

    package static func encoder(pretty: Bool = false) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting =
            pretty ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    package static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.dateDecodingStrategy = .iso8601
        return decoder
    }
}
