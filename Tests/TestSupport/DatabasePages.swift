import Foundation

/// The pages of a SQLite file (sqlite.org/fileformat2.html), to be damaged as a disk does that loses a block.
package struct DatabasePages {
    private let path: String
    private let bytes: [UInt8]
    private let size: Int

    package init(path: String) throws {
        self.path = path
        bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        let size = Int(bytes[16]) << 8 | Int(bytes[17])
        self.size = size == 1 ? 65_536 : size
    }

    /// The middle leaf of the tree, of a table or an index, whose root is page `root`; the root itself where it is a leaf.
    package func middleLeaf(under root: Int) -> Int {
        var page = root
        // Interior pages are of type 2 and 5, and begin each cell with the page of a child.
        while [2, 5].contains(bytes[start(page)]) {
            let cells = number(at: start(page) + 3, bytes: 2)
            page = number(
                at: start(page, header: false) + number(at: start(page) + 12 + cells / 2 * 2, bytes: 2), bytes: 4)
        }
        return page
    }

    /// Overwrites `page` with zeros.
    package func zero(_ page: Int) throws {
        guard let file = FileHandle(forUpdatingAtPath: path) else { throw CocoaError(.fileNoSuchFile) }
        try file.seek(toOffset: UInt64((page - 1) * size))
        try file.write(contentsOf: Data(count: size))
        try file.close()
    }

    /// Where a page begins; the first has the file's header of 100 bytes before its own.
    private func start(_ page: Int, header: Bool = true) -> Int { (page - 1) * size + (header && page == 1 ? 100 : 0) }

    private func number(at offset: Int, bytes count: Int) -> Int {
        bytes[offset..<offset + count].reduce(0) { $0 << 8 | Int($1) }
    }
}
