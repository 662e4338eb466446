import Foundation

/// The files under `Tests/Fixtures`; each folder there also holds the script that made it.
package enum Fixture {
    /// The folder of all fixtures.
    package static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")

    /// The file or folder at `path`, relative to `Tests/Fixtures`.
    package static func url(_ path: String) -> URL { root.appending(path: path) }

    /// The bytes of the file at `path`, relative to `Tests/Fixtures`.
    package static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: url(path))) }
}

/// A new folder that is removed when the value goes away.
package final class TemporaryFolder: Sendable {
    package let url: URL

    package init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "graftd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    package func file(_ name: String) -> URL { url.appending(path: name) }

    deinit { try? FileManager.default.removeItem(at: url) }
}
