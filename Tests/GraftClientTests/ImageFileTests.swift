import Foundation
import GraftClient
import TestSupport
import Testing

@Suite struct ImageMediaTypeTests {
    @Test(arguments: [
        ([0xFF, 0xD8, 0xFF, 0xE0], ImageMediaType.jpeg),
        ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], .png),
        ([0x50, 0x36, 0x0A, 0x31], .ppm),
        ([0x50, 0x36, 0x23], .ppm),
        ([0x50, 0x36, 0x30], nil),
        ([0x50, 0x36], nil),
        ([0xFF, 0xD8], nil),
        ([0x89, 0x50, 0x4E, 0x47], nil),
        (Array("GIF89a".utf8), nil),
        ([], nil),
    ])
    func theFirstBytesTell(bytes: [UInt8], expected: ImageMediaType?) {
        #expect(ImageMediaType.sniff(bytes) == expected)
    }
}

@Suite struct ImageFileTests {
    @Test func theNameDoesNotMatter() throws {
        let folder = try TemporaryFolder()
        let bytes = Data([0xFF, 0xD8, 0xFF, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        try bytes.write(to: folder.file("photo.png"))
        let image = try ImageFile(reading: folder.file("photo.png").path)
        #expect(image.mediaType == .jpeg)
        #expect(image.bytes == bytes)
    }

    @Test(arguments: [
        ("text.jpg", "not a JPEG, PNG or PPM image"),
        ("empty.jpg", "it is empty"),
        ("missing.jpg", "no such file"),
        ("folder", "it is a folder"),
        ("pipe", "it is not a regular file"),
    ])
    func whatIsNoImageSaysWhy(name: String, reason: String) throws {
        let folder = try TemporaryFolder()
        try Data("hello".utf8).write(to: folder.file("text.jpg"))
        try Data().write(to: folder.file("empty.jpg"))
        try FileManager.default.createDirectory(at: folder.file("folder"), withIntermediateDirectories: false)
        #expect(mkfifo(folder.file("pipe").path, 0o600) == 0)
        let path = folder.file(name).path
        #expect(throws: FileError(path: path, reason: reason)) { try ImageFile(reading: path) }
    }

    @Test func aFileLargerThanAnyPhotographIsNotRead() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("film.jpg").path
        try Data([0xFF, 0xD8, 0xFF]).write(to: folder.file("film.jpg"))
        // A hole: it has the length, but takes no room on the disk.
        #expect(truncate(path, off_t(ImageFile.byteLimit) + 1) == 0)
        #expect(throws: FileError.self) { try ImageFile(reading: path) }
    }
}
