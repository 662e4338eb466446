import Foundation

/// The drawings of Debian's package openclipart-png, where it is installed.
enum OpenClipart {
    private static let root = "/usr/share/openclipart/png"

    static var isInstalled: Bool { FileManager.default.fileExists(atPath: root) }

    /// Every `step`th of the files in the order of their names, relative to the root.
    static func sample(every step: Int) -> [String] {
        let paths = (FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? [])
            .filter { $0.hasSuffix(".png") }.sorted()
        return stride(from: 0, to: paths.count, by: step).map { paths[$0] }
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: root).appending(path: path)))
    }
}
