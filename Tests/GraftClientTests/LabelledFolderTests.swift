import Foundation
import GraftClient
import TestSupport
import Testing

@Suite struct LabelledFolderTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func make(_ path: String) throws {
        let url = folder.file(path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data().write(to: url)
    }

    private func link(_ path: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: folder.file(path).path, withDestinationPath: folder.file(target).path)
    }

    private func scan(_ path: String) throws -> (files: [LabelledFile], skipped: [FileError]) {
        let scanned = try LabelledFolder(scanning: folder.file(path).path)
        let prefix = folder.file(path).path + "/"
        func relative(_ path: String) -> String { path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path }
        return (
            scanned.files.map { LabelledFile(label: $0.label, path: relative($0.path)) },
            scanned.skipped.map { FileError(path: relative($0.path), reason: $0.reason) }
        )
    }

    @Test func theFirstFolderNamesTheLabelOfAllBelowIt() throws {
        for path in ["in/dog/b.jpg", "in/cat/z/deep/1.png", "in/cat/a.jpg", "in/two words/ä.ppm"] { try make(path) }
        let found = try scan("in")
        #expect(
            found.files == [
                LabelledFile(label: "cat", path: "cat/a.jpg"), LabelledFile(label: "cat", path: "cat/z/deep/1.png"),
                LabelledFile(label: "dog", path: "dog/b.jpg"),
                LabelledFile(label: "two words", path: "two words/ä.ppm"),
            ])
        #expect(found.skipped.isEmpty)
    }

    @Test func hiddenFilesAreLeftOutAndFilesWithoutALabelAreNamed() throws {
        for path in ["in/cat/.hidden", "in/.git/x", "in/cat/.thumbs/1.png", "in/readme.txt"] { try make(path) }
        let found = try scan("in")
        #expect(found.files.isEmpty)
        #expect(found.skipped == [FileError(path: "readme.txt", reason: "it is in no folder that names its label")])
    }

    @Test func linksAreFollowedButNotRoundInCircles() throws {
        for path in ["pool/1.jpg", "pool/more/2.jpg", "in/cat/3.jpg"] { try make(path) }
        try link("in/dog", to: "pool")
        try link("in/cat/one.jpg", to: "pool/1.jpg")
        try link("in/cat/back", to: "in")
        try link("in/cat/dead.jpg", to: "nowhere")
        let found = try scan("in")
        #expect(found.files.map(\.path) == ["cat/3.jpg", "cat/one.jpg", "dog/1.jpg", "dog/more/2.jpg"])
        #expect(
            found.skipped == [
                FileError(path: "cat/back", reason: "the link leads back to a folder above it"),
                FileError(path: "cat/dead.jpg", reason: "the link leads nowhere"),
            ])
    }

    @Test func aRootThatIsNoFolderIsAnError() throws {
        try make("file")
        let file = folder.file("file").path, missing = folder.file("missing").path
        #expect(throws: FileError(path: file, reason: "it is not a folder")) { try LabelledFolder(scanning: file) }
        #expect(throws: FileError(path: missing, reason: "no such folder")) { try LabelledFolder(scanning: missing) }
    }
}
