import Foundation
import GRDB

/// What a backbone made of a sample's kept image.
package struct ExtractedSample: Sendable, Equatable {
    package var id: String
    /// Nil where the image could not be read.
    package var features: [Int16]?
    /// What a top is trained on; nil for nothing.
    package var latent: KeptLatent?

    package init(id: String, features: [Int16]?, latent: KeptLatent? = nil) {
        self.id = id
        self.features = features
        self.latent = latent
    }
}

/// A sample that got features of the loaded backbone, with what statistics need to follow.
package struct RelearnedSample: Sendable, Equatable {
    package var id: String
    package var label: Int64
    /// Whether it is nearly a copy of an earlier one.
    package var isNearDuplicate: Bool
    package var features: [Int16]

    package init(id: String, label: Int64, isNearDuplicate: Bool, features: [Int16]) {
        self.id = id
        self.label = label
        self.isNearDuplicate = isNearDuplicate
        self.features = features
    }
}

/// Moving samples from the backbone they were taught under to the one that is loaded.
extension Store {
    /// Notes that the backbone `fingerprint` looks at images from now on.
    ///
    /// Another one than before is a change of its own: a version and revision must not name two models.
    package func load(fingerprint: String, name: String) async throws(StoreError) {
        // Read first: a start changes nothing, so it succeeds on a full disk.
        let isNoted = try await read { db in
            try Bool.fetchOne(
                db,
                sql: """
                    SELECT name IS ? FROM fingerprints
                    WHERE value = ? AND id = (SELECT value FROM settings WHERE key = 'backbone')
                    """, arguments: [name, fingerprint]) ?? false
        }
        if isNoted { return }
        try await write { db in
            let id = try Self.fingerprintID(fingerprint, db)
            try db.execute(sql: "UPDATE fingerprints SET name = ? WHERE id = ?", arguments: [name, id])
            let before = try Int64.fetchOne(db, sql: "SELECT value FROM settings WHERE key = 'backbone'")
            guard before != id else { return }
            try db.execute(
                sql: "INSERT OR REPLACE INTO settings (key, value) VALUES ('backbone', ?)", arguments: [id])
            if before != nil { try Self.noteChange("backbone", sample: "", from: nil, to: nil, db) }
        }
    }

    /// The samples of other backbones than `fingerprint` whose image can be extracted again.
    ///
    /// Every label's first sample comes before any label's second, so that all labels can be answered early.
    package func samplesToExtract(fingerprint: String) async throws(StoreError) -> [String] {
        try await read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT samples.id FROM samples
                    JOIN fingerprints ON fingerprints.id = samples.fingerprint
                    JOIN images ON images.sample = samples.id
                    WHERE value <> ? AND NOT unreadable
                    ORDER BY row_number() OVER (PARTITION BY label ORDER BY sequence), label
                    """, arguments: [fingerprint])
        }
    }

    /// The image of the sample `id`; nil if that was forgotten, or has features of the backbone `fingerprint` by now.
    package func imageToExtract(_ id: String, fingerprint: String) async throws(StoreError) -> KeptImage? {
        try await read { db in
            try Row.fetchOne(
                db,
                sql: """
                    SELECT media_type, bytes FROM images
                    JOIN samples ON samples.id = images.sample
                    JOIN fingerprints ON fingerprints.id = samples.fingerprint
                    WHERE images.sample = ? AND NOT unreadable AND value <> ?
                    """, arguments: [id, fingerprint]
            ).map(KeptImage.init)
        }
    }

    /// Gives samples of other backbones their features under `fingerprint`, and notes which images could not be read, in
    /// one transaction. Samples that were forgotten, or taught again, meanwhile are passed over.
    ///
    /// - Parameter latentByteLimit: As for ``teach(_:imageByteLimit:latentByteLimit:)``.
    /// - Returns: those that got features, with the labels that they have now, and the last change afterwards.
    package func relearn(
        _ samples: [ExtractedSample], fingerprint: String, latentByteLimit: Int = .max
    ) async throws(StoreError) -> (learned: [RelearnedSample], lastChange: Int64) {
        try await write { [folder] db in
            let backbone = try Self.fingerprintID(fingerprint, db)
            let latentBytes = samples.reduce(0) { $0 + ($1.latent?.bytes.count ?? 0) }
            let hasRoom = try Eviction(db, folder: folder, byteLimit: latentByteLimit).makeRoom(for: latentBytes)
            var learned: [RelearnedSample] = []
            for sample in samples {
                guard
                    let row = try Row.fetchOne(
                        db,
                        sql: """
                            SELECT label, cluster IS NOT NULL AS is_near FROM samples WHERE id = ? AND fingerprint <> ?
                            """, arguments: [sample.id, backbone])
                else { continue }
                let label: Int64 = row["label"]
                guard let features = sample.features else {
                    try db.execute(sql: "UPDATE images SET unreadable = 1 WHERE sample = ?", arguments: [sample.id])
                    continue
                }
                let change = try Self.noteChange("extract", sample: sample.id, from: nil, to: label, db)
                try db.execute(
                    sql: "UPDATE samples SET fingerprint = ?, features = ?, sketch = NULL, relearned = ? WHERE id = ?",
                    arguments: [backbone, features.littleEndianBytes, change, sample.id])
                if hasRoom, let latent = sample.latent {
                    try Self.keep(latent, of: sample.id, byteLimit: latentByteLimit, db)
                }
                learned.append(
                    RelearnedSample(
                        id: sample.id, label: label, isNearDuplicate: row["is_near"], features: features))
            }
            return (learned, try Self.lastChange(db))
        }
    }
}
