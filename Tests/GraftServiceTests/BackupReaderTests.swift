import Foundation
import GraftService
import TestSupport
import Testing

@Suite struct BackupReaderTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// An archive of `files`, whose manifest says what `change` makes of it.
    private func archive(
        _ files: [(name: String, content: String)], _ change: (inout [String: Any]) -> Void = { _ in }
    ) throws -> [UInt8] {
        var bytes: [UInt8] = []
        func add(_ name: String, _ content: [UInt8]) {
            bytes += TarHeader(name: name, byteCount: content.count, modified: 1_700_000_000).bytes + content
            bytes += [UInt8](repeating: 0, count: TarHeader.padding(after: content.count))
        }
        for file in files { add(file.name, Array(file.content.utf8)) }
        // SHA-256 of "" and of "abc" (FIPS 180-2, appendix B.1).
        let digests = [
            "": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ]
        var manifest: [String: Any] = [
            "format": 1, "program": "0.1.0", "created": "2026-05-04T10:12:00Z", "missingVersions": [Int](),
            "files": files.map {
                [
                    "name": $0.name, "bytes": $0.content.utf8.count, "sha256": digests[$0.content] ?? "",
                    "modified": 1_700_000_000_123_456_789,
                ] as [String: Any]
            },
        ]
        change(&manifest)
        add("manifest.json", [UInt8](try JSONSerialization.data(withJSONObject: manifest)))
        return bytes + [UInt8](repeating: 0, count: 2 * TarHeader.length)
    }

    private func read(_ bytes: [UInt8], into target: String? = nil) throws(BackupError) -> BackupManifest {
        let path = folder.file("archive").path
        try! Data(bytes).write(to: URL(filePath: path))
        let handle = FileHandle(forReadingAtPath: path)!
        return try BackupReader(descriptor: handle.fileDescriptor).read(into: target)
    }

    private static let whole = [
        ("graftd.sqlite", "abc"), ("versions/12.safetensors", ""), ("backbones/lite-0.b/backbone.safetensors", "abc"),
    ]

    @Test func filesArePutDownAsTheyWereWithTheirTimes() throws {
        let manifest = try read(try archive(Self.whole), into: folder.url.path)
        #expect(manifest.counts == (1, 1) && manifest.files.count == 3)
        for (name, content) in Self.whole {
            #expect(try String(contentsOf: folder.file(name), encoding: .utf8) == content)
            var information = stat()
            #expect(stat(folder.file(name).path, &information) == 0)
            #expect(information.st_mtim.tv_sec == 1_700_000_000 && information.st_mtim.tv_nsec == 123_456_789)
        }
    }

    @Test func everyByteThatCountsIsChecked() throws {
        let bytes = try archive(Self.whole)
        // The contents of the database and the backbone, and every header's name and size.
        let places: [Int] = [512, 514, 2048, 0, 130, 1024, 1154, 1536, 1666]
        for place in places {
            var damaged = bytes
            damaged[place] ^= 1
            #expect(throws: BackupError.self, "byte \(place)") { try read(damaged) }
        }
    }

    @Test func whatWasCutOffIsRefused() throws {
        let bytes = try archive(Self.whole)
        let manifestEnd = bytes.count - 2 * TarHeader.length
        for length in stride(from: 0, to: manifestEnd - TarHeader.length, by: 100) {
            #expect(throws: BackupError.self, "\(length) bytes") { try read(Array(bytes[..<length])) }
        }
        #expect(throws: BackupError.truncated(atByte: 600)) { try read(Array(bytes[..<600])) }
    }

    @Test(arguments: [
        "../graftd.sqlite", "/etc/passwd", "graftd.sqlite/x", "versions/../../x.safetensors", "versions/x.safetensors",
        "backbones/../backbone.safetensors", "backbones/.a/backbone.safetensors", "backbones/a/other", "graftd.lock",
        "graftd.sqlite-wal",
    ])
    func whatIsNoPartOfAStateIsRefused(name: String) throws {
        #expect(throws: BackupError.unexpectedFile(name)) {
            try read(try archive(Self.whole + [(name, "abc")]), into: folder.file("new").path)
        }
        #expect(!FileManager.default.fileExists(atPath: "/etc/passwd/x"))
    }

    @Test func theManifestIsBelieved() throws {
        #expect(throws: BackupError.missing(name: "versions/3.safetensors")) {
            try read(
                try archive(Self.whole) { manifest in
                    let files = manifest["files"] as! [[String: Any]]
                    manifest["files"] =
                        files + [["name": "versions/3.safetensors", "bytes": 0, "sha256": "", "modified": 0]]
                })
        }
        #expect(throws: BackupError.unexpectedFile("versions/12.safetensors")) {
            try read(
                try archive(Self.whole) { manifest in
                    let files = manifest["files"] as! [[String: Any]]
                    manifest["files"] = files.filter { $0["name"] as? String != "versions/12.safetensors" }
                })
        }
        #expect(throws: BackupError.newerFormat(2)) { try read(try archive(Self.whole) { $0["format"] = 2 }) }
        #expect(throws: BackupError.missing(name: "graftd.sqlite")) { try read(try archive([])) }
        #expect(throws: BackupError.unexpectedFile("graftd.sqlite")) {
            try read(try archive(Self.whole + [("graftd.sqlite", "abc")]))
        }
    }

    @Test func whatIsNoArchiveIsSaid() throws {
        for text in ["", "text", String(repeating: "text", count: 1000)] {
            let error = #expect(throws: BackupError.self) { try read(Array(text.utf8)) }
            #expect(error?.description.contains("no backup of graftd") == true)
        }
    }

    @Test(arguments: [0, 1, 511, 512, 8_589_934_591, 8_589_934_592, 1 << 50])
    func headersAreReadAsTheyWereWritten(byteCount: Int) throws {
        let header = TarHeader(name: "versions/7.safetensors", byteCount: byteCount, modified: 1_790_000_000)
        #expect(TarHeader(header.bytes) == header)
        #expect((byteCount + TarHeader.padding(after: byteCount)) % 512 == 0)
    }
}
