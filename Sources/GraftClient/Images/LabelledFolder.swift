import Foundation

/// A file and the label that its folder gives it.
package struct LabelledFile: Sendable, Equatable, Hashable {
    package var label: String
    package var path: String

    package init(label: String, path: String) {
        self.label = label
        self.path = path
    }
}

/// A folder of labelled images: the names of its folders are the labels, and every file anywhere below one of them
/// has its label.
///
/// Hidden files and folders (a leading dot) are left out. Links are followed to files and folders, but never into a
/// folder that the walk is inside of already.
package struct LabelledFolder: Sendable, Equatable {
    /// Sorted by label, then by path, so that a run repeats.
    package var files: [LabelledFile] = []
    /// What was found but has no label or cannot be read.
    package var skipped: [FileError] = []

    /// Walks the folder at `path`. Files are not opened.
    ///
    /// - Throws: ``FileError`` where `path` itself is no folder that can be read.
    package init(scanning path: String) throws(FileError) {
        let root = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        guard let (kind, identity) = Self.look(root) else { throw FileError(path: path, reason: "no such folder") }
        guard kind == .folder else { throw FileError(path: path, reason: "it is not a folder") }
        for name in try Self.names(in: root) {
            let below = root == "/" ? "/\(name)" : "\(root)/\(name)"
            switch Self.look(below) {
            case (.folder, let inner)?:
                walk(below, label: name, above: [identity, inner])
            case (.file, _)?:
                skipped.append(FileError(path: below, reason: "it is in no folder that names its label"))
            case (.other, _)?:
                skipped.append(FileError(path: below, reason: "it is neither a file nor a folder"))
            case nil:
                skipped.append(FileError(path: below, reason: "the link leads nowhere"))
            }
        }
    }

    /// `above` are the folders from the root down to `folder`, by which a link back up is known.
    private mutating func walk(_ folder: String, label: String, above: [Identity]) {
        let names: [String]
        do {
            names = try Self.names(in: folder)
        } catch {
            skipped.append(error)
            return
        }
        for name in names {
            let path = "\(folder)/\(name)"
            switch Self.look(path) {
            case (.file, _)?:
                files.append(LabelledFile(label: label, path: path))
            case (.folder, let identity)? where above.contains(identity):
                skipped.append(FileError(path: path, reason: "the link leads back to a folder above it"))
            case (.folder, let identity)?:
                walk(path, label: label, above: above + [identity])
            case (.other, _)?:
                skipped.append(FileError(path: path, reason: "it is neither a file nor a folder"))
            case nil:
                skipped.append(FileError(path: path, reason: "the link leads nowhere"))
            }
        }
    }

    // MARK: The file system

    private enum Kind { case file, folder, other }

    private struct Identity: Equatable {
        var device: dev_t
        var node: ino_t
    }

    /// What is at `path`, at the end of its links; nil where there is nothing.
    private static func look(_ path: String) -> (kind: Kind, identity: Identity)? {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        let kind: Kind =
            switch information.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            default: .other
            }
        return (kind, Identity(device: information.st_dev, node: information.st_ino))
    }

    private static func names(in folder: String) throws(FileError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }.sorted()
        } catch {
            throw FileError(path: folder, reason: "the folder cannot be read")
        }
    }
}
