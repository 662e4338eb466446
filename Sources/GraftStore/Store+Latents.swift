import Foundation
import GRDB

/// What a trunk made of one image `[height, width, channels]`, as bytes.
package struct KeptLatent: Sendable, Equatable {
    /// The name of the block before which it was taken.
    package var cut: String
    /// The name of the format that `bytes` have.
    package var format: String
    package var height: Int
    package var width: Int
    package var channels: Int
    package var bytes: [UInt8]

    package init(cut: String, format: String, height: Int, width: Int, channels: Int, bytes: [UInt8]) {
        self.cut = cut
        self.format = format
        self.height = height
        self.width = width
        self.channels = channels
        self.bytes = bytes
    }
}

/// How many latents are kept and their bytes, and how many were evicted since the beginning.
package struct LatentCounts: Sendable, Equatable {
    package var latents: Int
    package var bytes: Int
    package var evicted: Int

    package init(latents: Int, bytes: Int, evicted: Int) {
        self.latents = latents
        self.bytes = bytes
        self.evicted = evicted
    }
}

extension Store {
    static func latentCounts(_ db: Database) throws -> LatentCounts {
        LatentCounts(
            latents: try setting("latents", db), bytes: try setting("latent_bytes", db),
            evicted: try setting("latents_evicted", db))
    }

    /// The sequence numbers, ascending, of the samples that had features of the backbone `fingerprint` at change `sequence`
    /// and have a latent taken before the block `cut`. Synchronous: for the trainer.
    package func samplesWithLatent(
        fingerprint: String, cut: String, upTo sequence: Int64 = .max
    ) throws(StoreError) -> [Int64] {
        try readNow { db in
            try Int64.fetchAll(
                db,
                sql: """
                    SELECT samples.sequence FROM latents INDEXED BY latents_by_cut
                    JOIN samples ON samples.sequence = latents.sample
                    WHERE latents.cut = ? AND samples.fingerprint = (SELECT id FROM fingerprints WHERE value = ?)
                        AND coalesce(samples.relearned, samples.sequence) <= ?
                    ORDER BY latents.sample
                    """, arguments: [cut, fingerprint, sequence])
        }
    }

    /// The latents of the samples with the sequence numbers `samples`, in their order, as far as they have one of the
    /// backbone `fingerprint` that was taken before the block `cut`. Synchronous: for the trainer, a batch at a time, because
    /// a long read would keep the write-ahead log from being folded into the file.
    package func latents(
        of samples: [Int64], fingerprint: String, cut: String
    ) throws(StoreError) -> [(sample: Int64, latent: KeptLatent)] {
        try readNow { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT format, height, width, channels, bytes FROM latents
                    JOIN samples ON samples.sequence = latents.sample
                    WHERE latents.sample = ? AND cut = ?
                        AND samples.fingerprint = (SELECT id FROM fingerprints WHERE value = ?)
                    """)
            return try samples.compactMap { sample in
                try Row.fetchOne(statement, arguments: [sample, cut, fingerprint]).map { row in
                    (sample, KeptLatent(cut: cut, row))
                }
            }
        }
    }

    /// Keeps `latent` with the sample `id`, in the place of another one that was kept with it, unless it is larger than all
    /// of them may be; then nothing is kept.
    static func keep(_ latent: KeptLatent, of id: String, byteLimit: Int, _ db: Database) throws {
        let sequence = try Int64.fetchOne(db, sql: "SELECT sequence FROM samples WHERE id = ?", arguments: [id])!
        if let known = try Row.fetchOne(
            db, sql: "SELECT cut, format FROM latents WHERE sample = ?", arguments: [sequence])
        {
            // The same picture was taught again.
            if known["cut"] == latent.cut, known["format"] == latent.format { return }
            try db.execute(sql: "DELETE FROM latents WHERE sample = ?", arguments: [sequence])
        }
        guard try setting("latent_bytes", db) + latent.bytes.count <= byteLimit else { return }
        try db.execute(
            sql: """
                INSERT INTO latents (sample, cut, format, height, width, channels, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                sequence, latent.cut, latent.format, latent.height, latent.width, latent.channels, Data(latent.bytes),
            ])
    }

    func readNow<R>(_ body: (Database) throws -> R) throws(StoreError) -> R {
        do {
            return try database.read(body)
        } catch {
            throw StoreError(error, folder: folder)
        }
    }
}

extension KeptLatent {
    init(cut: String, _ row: Row) {
        self.init(
            cut: cut, format: row["format"], height: row["height"], width: row["width"], channels: row["channels"],
            bytes: [UInt8](row["bytes"] as Data))
    }
}
