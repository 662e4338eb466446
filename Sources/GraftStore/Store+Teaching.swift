import Foundation
import GRDB

/// A sample that is to be kept.
package struct NewSample: Sendable {
    /// Nil for an example of none of the labels.
    package var label: LabelName?
    /// SHA-256 of the image's bytes.
    package var digest: [UInt8]
    package var group: String?
    /// The backbone that made `features`.
    package var fingerprint: String
    package var features: [Int16]
    package var prediction: PriorAnswer?
    /// Whether bytes that are known under another label get this one.
    package var relabels: Bool
    /// What another backbone will look at; nil for nothing.
    package var image: KeptImage?
    /// What a top is trained on; nil for nothing.
    package var latent: KeptLatent?
    /// What the own top of the version that answers made of it; nil where that has none.
    package var tuned: TunedFeatures?
    /// What it is held out with where it has no group: see ``LearnableSample/foldName``.
    package var cluster: String?
    /// By which nearly equal features are found; nil where it is to be made later.
    package var sketch: [UInt8]?

    /// The bytes of the image and the latent.
    package var keptByteCount: Int { (image?.bytes.count ?? 0) + (latent?.bytes.count ?? 0) }

    /// Features by a version's own top.
    package struct TunedFeatures: Sendable, Equatable {
        package var version: Int64
        package var features: [Int16]

        package init(version: Int64, features: [Int16]) {
            self.version = version
            self.features = features
        }
    }

    package init(
        label: LabelName?, digest: [UInt8], group: String?, fingerprint: String, features: [Int16],
        prediction: PriorAnswer?, relabels: Bool, image: KeptImage? = nil, latent: KeptLatent? = nil,
        tuned: TunedFeatures? = nil, cluster: String? = nil, sketch: [UInt8]? = nil
    ) {
        self.label = label
        self.digest = digest
        self.group = group
        self.fingerprint = fingerprint
        self.features = features
        self.prediction = prediction
        self.relabels = relabels
        self.image = image
        self.tuned = tuned
        self.latent = latent
        self.cluster = cluster
        self.sketch = sketch
    }
}

/// What the model said of a sample before it learned it.
package struct PriorAnswer: Sendable, Equatable {
    package var label: String
    package var probability: Float
    package var version: Int64
    package var revision: Int64
    /// What the version before that one said; nil where none is asked.
    package var shadow: ShadowAnswer?

    package init(
        label: String, probability: Float, version: Int64, revision: Int64, shadow: ShadowAnswer? = nil
    ) {
        self.label = label
        self.probability = probability
        self.version = version
        self.revision = revision
        self.shadow = shadow
    }
}

/// What became of a sample that was to be kept.
package enum TeachOutcome: Sendable, Equatable {
    /// It is new.
    case stored(id: String, label: Int64)
    /// The same bytes are known under the same label.
    case duplicate(id: String)
    /// The same bytes are known under the label that is named; nil for those of no label.
    case conflict(id: String, label: String?)
    /// The same bytes were known under another label. `tuned`: what the active version's own top made of them.
    case relabelled(id: String, from: Int64, to: Int64, features: [Int16], tuned: [Int16]?)

    /// The sample that the bytes are now; nil where they were refused.
    package var keptID: String? {
        switch self {
        case .stored(let id, _), .duplicate(let id), .relabelled(let id, _, _, _, _): id
        case .conflict: nil
        }
    }
}

extension Store {
    /// Keeps `samples`, in their order, in one transaction: all become durable with one wait for the disk.
    ///
    /// - Parameters:
    ///   - imageByteLimit: the most bytes that kept images may take in all; a sample whose image finds no room is kept
    ///     without.
    ///   - latentByteLimit: the most bytes that latents may take in all; where they have no more room, or the disk has none,
    ///     others are evicted.
    /// - Returns: an outcome for each sample, the last change afterwards, and how many images found no room.
    package func teach(
        _ samples: [NewSample], imageByteLimit: Int = .max, latentByteLimit: Int = .max
    ) async throws(StoreError) -> (outcomes: [TeachOutcome], lastChange: Int64, imagesWithoutRoom: Int) {
        try await write { [folder] db in
            var outcomes: [TeachOutcome] = []
            var imagesWithoutRoom = 0
            let latentBytes = samples.reduce(0) { $0 + ($1.latent?.bytes.count ?? 0) }
            let hasRoom = try Eviction(db, folder: folder, byteLimit: latentByteLimit).makeRoom(for: latentBytes)
            for sample in samples {
                let outcome = try Self.teach(sample, db)
                outcomes.append(outcome)
                guard let id = outcome.keptID else { continue }
                if hasRoom, let latent = sample.latent { try Self.keep(latent, of: id, byteLimit: latentByteLimit, db) }
                guard let image = sample.image else { continue }
                if try !Self.keep(image, of: id, byteLimit: imageByteLimit, db) { imagesWithoutRoom += 1 }
            }
            return (outcomes, try Self.lastChange(db), imagesWithoutRoom)
        }
    }

    private static func teach(_ sample: NewSample, _ db: Database) throws -> TeachOutcome {
        let fingerprint = try fingerprintID(sample.fingerprint, db)
        if let known = try Row.fetchOne(
            db,
            sql: """
                SELECT samples.id, label, name, fingerprint, features FROM samples JOIN labels ON labels.id = label
                WHERE digest = ?
                """, arguments: [Data(sample.digest)])
        {
            let id: String = known["id"]
            let knownLabel: Int64 = known["label"]
            let isSame = known["name"] == sample.label?.value
            guard isSame || sample.relabels else { return .conflict(id: id, label: known["name"]) }
            // Only now: a refused sample leaves no new label behind.
            let label = try labelID(of: sample.label, db)
            if known["fingerprint"] as Int64 == fingerprint {
                if isSame { return .duplicate(id: id) }
                try relabel(id, from: knownLabel, to: label, db)
                return .relabelled(
                    id: id, from: knownLabel, to: label, features: [Int16](littleEndian: known["features"]),
                    tuned: try tunedFeatures(of: id, version: activeVersion(db), db))
            }
            // Known under another backbone, so it took no part: this one's features take the place of that one's.
            try replace(id, by: sample, label: label, fingerprint: fingerprint, db)
            if !isSame { try markStale(sample: id, db) }
            try keepTuned(sample, id: id, db)
            return .stored(id: id, label: label)
        }
        let id = Identifier.make()
        let label = try labelID(of: sample.label, db)
        try insert(sample, id: id, label: label, fingerprint: fingerprint, db)
        try keepTuned(sample, id: id, db)
        return .stored(id: id, label: label)
    }

    private static func keepTuned(_ sample: NewSample, id: String, _ db: Database) throws {
        if let tuned = sample.tuned { _ = try keep(tuned.features, of: id, version: tuned.version, db) }
    }

    /// Teaches the sample `id` again: it stays where it is in the order of samples, and what versions said of it stays.
    private static func replace(
        _ id: String, by sample: NewSample, label: Int64, fingerprint: Int64, _ db: Database
    ) throws {
        let change = try noteChange("teach", sample: id, from: nil, to: label, db)
        let predicted = try sample.prediction.flatMap { try labelID(named: $0.label, db) }
        try db.execute(
            sql: """
                UPDATE samples SET label = ?, group_name = coalesce(?, group_name), fingerprint = ?, features = ?,
                    sketch = ?, relearned = ?, predicted_label = ?, predicted_probability = ?, predicted_right = ?,
                    predicted_version = ?, predicted_revision = ?
                WHERE id = ?
                """,
            arguments: [
                label, sample.group, fingerprint, sample.features.littleEndianBytes, sample.sketch.map { Data($0) },
                change, predicted, sample.prediction?.probability, right(predicted, label), sample.prediction?.version,
                sample.prediction?.revision, id,
            ])
    }

    private static func insert(
        _ sample: NewSample, id: String, label: Int64, fingerprint: Int64, _ db: Database
    ) throws {
        let sequence = try noteChange("teach", sample: id, from: nil, to: label, db)
        let predicted = try sample.prediction.flatMap { try labelID(named: $0.label, db) }
        try db.execute(
            sql: """
                INSERT INTO samples (sequence, id, label, digest, group_name, fingerprint, features, predicted_label,
                    predicted_probability, predicted_right, predicted_version, predicted_revision, created, cluster,
                    sketch)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                sequence, id, label, Data(sample.digest), sample.group, fingerprint,
                sample.features.littleEndianBytes, predicted, sample.prediction?.probability,
                right(predicted, label), sample.prediction?.version, sample.prediction?.revision,
                Date().milliseconds, sample.cluster, sample.sketch.map { Data($0) },
            ])
        try keep(sample.prediction, of: id, db)
    }

    /// Whether the answer `predicted` was right; nil where no label would have been.
    private static func right(_ predicted: Int64?, _ label: Int64) -> Bool? {
        label == negative ? nil : predicted.map { $0 == label }
    }

    static func fingerprintID(_ value: String, _ db: Database) throws -> Int64 {
        try db.execute(sql: "INSERT OR IGNORE INTO fingerprints (value) VALUES (?)", arguments: [value])
        return try Int64.fetchOne(db, sql: "SELECT id FROM fingerprints WHERE value = ?", arguments: [value])!
    }

    static func relabel(_ id: String, from: Int64, to: Int64, _ db: Database) throws {
        try db.execute(sql: "UPDATE samples SET label = ? WHERE id = ?", arguments: [to, id])
        _ = try noteChange("relabel", sample: id, from: from, to: to, db)
        try markStale(sample: id, db)
    }

    // MARK: Changes

    /// Writes down one change of what is learned, and returns its number.
    @discardableResult
    static func noteChange(
        _ kind: String, sample: String, from: Int64?, to: Int64?, _ db: Database
    ) throws -> Int64 {
        try db.execute(
            sql: "INSERT INTO changes (kind, sample, from_label, to_label, created) VALUES (?, ?, ?, ?, ?)",
            arguments: [kind, sample, from, to, Date().milliseconds])
        return db.lastInsertedRowID
    }

    static func lastChange(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT max(sequence) FROM changes") ?? 0
    }

    /// The number of the last change; 0 before the first.
    package func lastChange() async throws(StoreError) -> Int64 { try await read(Self.lastChange) }
}

extension [Int16] {
    /// The values of a blob that ``littleEndianBytes`` made.
    init(littleEndian data: Data) {
        self = data.withUnsafeBytes { bytes in
            (0..<bytes.count / 2).map {
                Int16(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 2, as: Int16.self))
            }
        }
    }

    var littleEndianBytes: Data {
        let values = map(\.littleEndian)
        return values.withUnsafeBytes { Data($0) }
    }
}
