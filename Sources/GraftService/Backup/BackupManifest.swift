import Foundation

/// What a backup holds: the last file in it, so that a backup that was cut off has none.
package struct BackupManifest: Codable, Sendable, Equatable {
    package struct File: Codable, Sendable, Equatable {
        /// A path in the state folder.
        package var name: String
        package var bytes: Int
        /// SHA-256, in hexadecimal.
        package var sha256: String
        /// Nanoseconds since 1970: of several backbones, the newest answers.
        package var modified: Int
    }

    /// What this program writes and reads.
    package static let format = 1
    package static let name = "manifest.json"
    /// No manifest is longer.
    package static let byteLimit = 16 << 20

    package var format = Self.format
    /// The daemon's version.
    package var program: String
    package var created: Date
    package var files: [File]
    /// Versions that should have weights, whose file was not there.
    package var missingVersions: [Int64]

    /// The same manifest has the same bytes, and as many whatever the digests are.
    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        encoder.dateEncodingStrategy = .iso8601
        return [UInt8](try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }

    static func decoded(_ bytes: [UInt8]) throws -> BackupManifest {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try decoder.decode(Self.self, from: Data(bytes))
    }

    /// Whether `name` may be in a backup; anything else could lie outside the state folder.
    static func allows(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        switch parts.first {
        case "graftd.sqlite": return parts.count == 1
        case "versions":
            let number = parts.count == 2 ? parts[1].prefix { $0.isASCII && $0.isNumber } : ""
            return !number.isEmpty && parts[1] == "\(number).safetensors"
        case "backbones":
            return parts.count == 3 && BackboneFolder.isName(parts[1]) && parts[2] == "backbone.safetensors"
        default: return false
        }
    }

    /// How many backbones and versions there are.
    package var counts: (backbones: Int, versions: Int) {
        (files.count { $0.name.hasPrefix("backbones/") }, files.count { $0.name.hasPrefix("versions/") })
    }
}
