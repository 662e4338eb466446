import Foundation
import GraftStore
import Testing

@Suite struct RestorationTests {
    private let state: TemporaryState
    private var folder: String { state.path }

    init() throws { state = try TemporaryState() }

    private func write(_ text: String, _ path: String) throws {
        let file = URL(filePath: "\(folder)/\(path)")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    private func text(_ path: String) -> String? { try? String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8) }

    private func makeOldState() throws {
        for name in ["graftd.sqlite", "graftd.sqlite-wal", "graftd.sqlite-shm", "versions/1.safetensors"] {
            try write("old", name)
        }
        try write("lock", "graftd.lock")
    }

    private func expectTheNewState() throws {
        #expect(text("graftd.sqlite") == "new" && text("backbones/a/backbone.safetensors") == "new")
        #expect(text("versions/2.safetensors") == "new" && text("versions/1.safetensors") == nil)
        // The old log would be applied to the new database.
        #expect(text("graftd.sqlite-wal") == nil && text("graftd.sqlite-shm") == nil)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
                == ["backbones", "graftd.lock", "graftd.sqlite", "versions"])
    }

    @Test func theNewStateTakesThePlaceOfTheOld() throws {
        try makeOldState()
        let new = try Restoration.begin(folder)
        let name = URL(filePath: new).lastPathComponent
        for path in ["graftd.sqlite", "versions/2.safetensors", "backbones/a/backbone.safetensors"] {
            try write("new", "\(name)/\(path)")
        }
        #expect(text("graftd.sqlite") == "old", "nothing is replaced before it is said")
        try Restoration.commit(new, folder)
        try expectTheNewState()
        try Restoration.finish(folder)
        try expectTheNewState()
    }

    /// What a kill leaves, by how many of the parts were in place and whether the old one of the next was gone.
    @Test(arguments: 0...3, [false, true])
    func whatWasInterruptedIsFinished(placed: Int, nextIsGone: Bool) throws {
        try makeOldState()
        let files = ["graftd.sqlite", "versions/2.safetensors", "backbones/a/backbone.safetensors"]
        for (index, part) in Restoration.parts.enumerated() {
            if index < placed {
                try? FileManager.default.removeItem(atPath: "\(folder)/\(part)")
                if index == 0 {
                    for log in ["graftd.sqlite-wal", "graftd.sqlite-shm"] {
                        try? FileManager.default.removeItem(atPath: "\(folder)/\(log)")
                    }
                }
                try write("new", files[index])
            } else {
                if index == placed, nextIsGone { try? FileManager.default.removeItem(atPath: "\(folder)/\(part)") }
                try write("new", "restored/\(files[index])")
            }
        }
        if placed == 3 {
            try FileManager.default.createDirectory(atPath: "\(folder)/restored", withIntermediateDirectories: true)
        }
        try Restoration.finish(folder)
        try expectTheNewState()
    }

    @Test func whatWasInterruptedBeforeThatIsForgotten() throws {
        try makeOldState()
        let first = try Restoration.begin(folder)
        try write("new", "\(URL(filePath: first).lastPathComponent)/graftd.sqlite")
        try Restoration.finish(folder)
        #expect(text("graftd.sqlite") == "old" && text("graftd.sqlite-wal") == "old")
        let second = try Restoration.begin(folder)
        #expect(!FileManager.default.fileExists(atPath: first) && FileManager.default.fileExists(atPath: second))
    }

    @Test func aDaemonFinishesARestoreWhenItOpensTheState() async throws {
        let other = try TemporaryState()
        do {
            let store = try other.open()
            _ = try await store.taught("cat", 1)
            #expect(try store.copyDatabase(to: "\(other.path)/copy") == [])
            try store.close()
        }
        do {
            let store = try state.open()
            _ = try await store.taught("dog", 2)
            try store.close()
        }
        try FileManager.default.createDirectory(atPath: "\(folder)/restored", withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: "\(other.path)/copy", toPath: "\(folder)/restored/graftd.sqlite")
        let store = try state.open()
        #expect(try await store.labels().map(\.name) == ["cat"])
        try store.close()
    }

    @Test func aCopyIsTheDatabaseOfOneMomentInOneFile() async throws {
        let store = try state.open()
        let id = try await store.taught("cat", 1)
        let version = try await store.version(knowing: [id])
        let copy = "\(folder)/copy.sqlite"
        #expect(try store.copyDatabase(to: copy) == [version])
        _ = try await store.taught("dog", 2)
        #expect(!FileManager.default.fileExists(atPath: copy + "-wal"))
        let attributes = try FileManager.default.attributesOfItem(atPath: copy)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let folder = "\(folder)/elsewhere"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: copy, toPath: "\(folder)/graftd.sqlite")
        let restored = try Store(folder: folder, access: .writer)
        #expect(try await restored.labels().map(\.name) == ["cat"])
        try restored.close()
        try store.close()
    }
}
