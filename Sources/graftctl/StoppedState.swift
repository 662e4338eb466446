import Foundation
import GraftClient
import GraftStore

/// The state folder of a daemon that does not run; it cannot start while this value lives.
final class StoppedState {
    private let folder: String
    private let lock: CInt
    /// Who owns the folder, and shall own what is put there.
    private let owner: uid_t
    private let group: gid_t

    /// - Throws: where the folder is missing, or a daemon uses it.
    init(folder: String) throws(CommandFailure) {
        var information = stat()
        guard stat(folder, &information) == 0, information.st_mode & S_IFMT == S_IFDIR else {
            throw CommandFailure("no state folder '\(folder)'; create it, owned by the user that the daemon runs as")
        }
        // What is kept there is for its owner's eyes only, as what the daemon itself writes.
        umask(0o077)
        let path = "\(folder)/graftd.lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure("cannot open '\(path)': \(Self.reason(errno))")
        }
        // The same lock that the daemon holds while it runs.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            throw CommandFailure(
                code == EWOULDBLOCK
                    ? "a daemon uses '\(folder)'; stop it first"
                    : "cannot lock '\(path)': \(Self.reason(code))")
        }
        (self.folder, lock, owner, group) = (folder, descriptor, information.st_uid, information.st_gid)
        giveAway(path)
    }

    deinit { close(lock) }

    /// Puts what `write` writes at a path of its choice in place as backbone `name`, wholly or not at all, and durably.
    ///
    /// - Returns: The path of the backbone's file.
    func placeBackbone(_ name: String, _ write: (_ path: String) throws -> Void) throws -> String {
        precondition(BackboneName.isUsable(name))
        let backbones = "\(folder)/backbones", home = "\(backbones)/\(name)"
        for path in [backbones, home] {
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
                throw CommandFailure("cannot create '\(path)': \(Self.reason(errno))")
            }
            giveAway(path)
        }
        let final = "\(home)/backbone.safetensors", temporary = "\(home)/.import-\(UUID().uuidString).safetensors"
        defer {
            unlink(temporary)
            // Succeeds only where nothing was placed, so that a failure leaves no backbone without weights behind.
            rmdir(home)
        }
        try write(temporary)
        giveAway(temporary)
        try sync(temporary)
        guard rename(temporary, final) == 0 else {
            throw CommandFailure("cannot put '\(final)' in place: \(Self.reason(errno))")
        }
        // A new name is durable once its folder is, and a new folder once the one above it is.
        for path in [home, backbones, folder] { try sync(path) }
        return final
    }

    // MARK: Restoring

    /// Whether it knows nothing that a restore would replace.
    var isEmpty: Bool {
        !FileManager.default.fileExists(atPath: "\(folder)/graftd.sqlite")
            && ["backbones", "versions"].allSatisfy { part in
                (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(part)"))?.isEmpty ?? true
            }
    }

    /// Ends a restore that was interrupted.
    func finishRestore() throws(CommandFailure) {
        do throws(StoreError) { try Restoration.finish(folder) } catch { throw CommandFailure("\(error)") }
    }

    /// Replaces the state by what `fill` puts into a new folder, wholly or not at all.
    func replace<Result>(_ fill: (_ new: String) throws -> Result) throws -> Result {
        do {
            let new = try Restoration.begin(folder)
            // Not there any more once it is in place.
            defer { try? FileManager.default.removeItem(atPath: new) }
            let result = try fill(new)
            // A database that this program cannot read would keep the daemon from starting.
            try Store(folder: new, access: .reader).close()
            giveAway(new)
            for path in FileManager.default.enumerator(atPath: new) ?? .init() {
                if let path = path as? String { giveAway("\(new)/\(path)") }
            }
            try Restoration.commit(new, folder)
            return result
        } catch let error as StoreError {
            throw CommandFailure("\(error)")
        }
    }

    /// Makes what root created the daemon's, which otherwise could not replace it.
    private func giveAway(_ path: String) {
        // For anyone but root it belongs to the right user already, or the daemon will say what it cannot open.
        if geteuid() == 0 { _ = lchown(path, owner, group) }
    }

    private func sync(_ path: String) throws(CommandFailure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw CommandFailure("cannot write '\(path)' to the disk: \(Self.reason(errno))")
        }
    }

    private static func reason(_ code: CInt) -> String { String(cString: strerror(code)) }
}
