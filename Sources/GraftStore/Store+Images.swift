import Foundation
import GRDB

/// An image that is kept with its sample, so that another backbone can look at it.
package struct KeptImage: Sendable, Equatable {
    package var mediaType: String
    package var bytes: [UInt8]

    package init(mediaType: String, bytes: [UInt8]) {
        self.mediaType = mediaType
        self.bytes = bytes
    }
}

/// How many images are kept, and their bytes.
package struct ImageCounts: Sendable, Equatable {
    package var images: Int
    package var bytes: Int

    package init(images: Int, bytes: Int) {
        self.images = images
        self.bytes = bytes
    }
}

extension Store {
    static func imageCounts(_ db: Database) throws -> ImageCounts {
        ImageCounts(images: try setting("images", db), bytes: try setting("image_bytes", db))
    }

    /// The image of the sample `id`; nil where none was kept.
    package func image(of id: String) async throws(StoreError) -> KeptImage? {
        try await read { db in
            try Row.fetchOne(db, sql: "SELECT media_type, bytes FROM images WHERE sample = ?", arguments: [id])
                .map(KeptImage.init)
        }
    }

    /// Keeps `image` with the sample `id`, in the place of another one that was kept with it.
    ///
    /// - Returns: false where there is no room for it.
    static func keep(_ image: KeptImage, of id: String, byteLimit: Int, _ db: Database) throws -> Bool {
        var free = byteLimit - (try setting("image_bytes", db))
        if let known = try Row.fetchOne(
            db, sql: "SELECT media_type, length(bytes) AS size, unreadable FROM images WHERE sample = ?",
            arguments: [id])
        {
            // The same picture was taught again: where the same would be kept of it, that is there already.
            let size: Int = known["size"]
            if known["media_type"] == image.mediaType, size == image.bytes.count, !(known["unreadable"] as Bool) {
                return true
            }
            free += size
            guard image.bytes.count <= free else { return false }
            try db.execute(sql: "DELETE FROM images WHERE sample = ?", arguments: [id])
        }
        guard image.bytes.count <= free else { return false }
        try db.execute(
            sql: "INSERT INTO images (sample, media_type, bytes) VALUES (?, ?, ?)",
            arguments: [id, image.mediaType, Data(image.bytes)])
        return true
    }

    static func setting(_ key: String, _ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT value FROM settings WHERE key = ?", arguments: [key]) ?? 0
    }
}

extension KeptImage {
    init(_ row: Row) {
        self.init(mediaType: row["media_type"], bytes: [UInt8](row["bytes"] as Data))
    }
}
