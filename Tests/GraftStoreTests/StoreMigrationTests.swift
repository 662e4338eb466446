import Foundation
import GRDB
import Testing

import GraftStore

/// States that earlier versions of the schema wrote come forward with everything in them.
@Suite struct StoreMigrationTests {
    @Test func aStateOfSchema1IsOpenedWithEverythingInIt() async throws {
        let state = try TemporaryState()
        try FileManager.default.createDirectory(atPath: state.path, withIntermediateDirectories: true)
        do {
            let old = try DatabaseQueue(path: state.database)
            try await old.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
                try db.execute(sql: Self.schema1)
                try db.execute(sql: Self.content)
            }
            try old.close()
        }
        let store = try state.open()
        #expect(try await store.sample("s1").label == "cat")
        #expect(try await store.activeVersion() == 1)
        #expect(try await store.lastChange() == 3)
        #expect(try await store.shadowVersion() == nil)
        #expect(try store.answers(of: 1).keys.sorted() == ["s1"])
        #expect(try await store.counts(fingerprint: nil).images == ImageCounts(images: 0, bytes: 0))
        #expect(
            try await store.counts(fingerprint: "b").others
                == [OtherBackboneCounts(fingerprint: "a", name: nil, samples: 2, waiting: 0, unreadable: 0)])
        var found: [Int64: [Int16]] = [:]
        try store.forEachBatch(fingerprint: "a", upTo: 2) { batch in
            for sample in batch { found[sample.sequence] = sample.features }
        }
        #expect(found == [1: [1], 2: [2]])

        // And it goes on as a new one would.
        let image = KeptImage(mediaType: "image/png", bytes: [1])
        var again = try newSample("cat", 1, fingerprint: "a", features: [1], image: image)
        again.digest = [UInt8](repeating: 1, count: 32)
        #expect(try await store.teach([again]).outcomes == [.duplicate(id: "s1")])
        #expect(try await store.samplesToExtract(fingerprint: "b") == ["s1"])
        let problems = try await store.read { db in
            try ["integrity_check", "foreign_key_check"].flatMap { try String.fetchAll(db, sql: "PRAGMA \($0)") }
        }
        #expect(problems == ["ok"])
    }

    /// Two samples, one of them relabelled, and a version that knows the first.
    private static let content = """
        INSERT INTO labels (id, name) VALUES (1, 'cat'), (2, 'dog');
        INSERT INTO changes VALUES
            (1, 'teach', 's1', NULL, 1, 0), (2, 'teach', 's2', NULL, 1, 0), (3, 'relabel', 's2', 1, 2, 0);
        INSERT INTO fingerprints VALUES (1, 'a');
        INSERT INTO samples (sequence, id, label, digest, fingerprint, features, created) VALUES
            (1, 's1', 1, x'\(String(repeating: "01", count: 32))', 1, x'0100', 0),
            (2, 's2', 2, x'\(String(repeating: "02", count: 32))', 1, x'0200', 0);
        INSERT INTO versions VALUES (1, 0, 'published', 'a', 2, 'head', 0, 'better', '{}', '00', 1, 0, 0);
        INSERT INTO answers VALUES (1, 's1', 1, 0.5);
        UPDATE settings SET value = 1 WHERE key = 'active_version';
        """

    /// What version 0.1.0 wrote into an empty file; it never changes.
    private static let schema1 = """
        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        INSERT INTO grdb_migrations VALUES ('1');
        -- A label that was merged or forgotten has no name any more; its id stays, for the versions that know it.
        CREATE TABLE labels (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT UNIQUE,
            merged_into INTEGER REFERENCES labels (id));

        -- One row for every change of what is learned.
        CREATE TABLE changes (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            sample TEXT NOT NULL,
            from_label INTEGER,
            to_label INTEGER,
            created INTEGER NOT NULL);
        CREATE INDEX changes_by_sample ON changes (sample, sequence);

        CREATE TABLE fingerprints (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            value TEXT NOT NULL UNIQUE);

        CREATE TABLE samples (
            sequence INTEGER PRIMARY KEY REFERENCES changes (sequence),
            id TEXT NOT NULL UNIQUE,
            label INTEGER NOT NULL REFERENCES labels (id),
            digest BLOB NOT NULL UNIQUE,
            group_name TEXT,
            fingerprint INTEGER NOT NULL REFERENCES fingerprints (id),
            features BLOB NOT NULL,
            predicted_label INTEGER REFERENCES labels (id),
            predicted_probability REAL,
            predicted_right INTEGER,
            predicted_version INTEGER,
            predicted_revision INTEGER,
            created INTEGER NOT NULL);
        CREATE INDEX samples_by_label ON samples (label, sequence);
        CREATE INDEX samples_by_fingerprint ON samples (fingerprint, sequence);

        CREATE TABLE versions (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            parent INTEGER NOT NULL,
            state TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            snapshot INTEGER NOT NULL,
            strategy TEXT NOT NULL,
            seed INTEGER NOT NULL,
            reason TEXT NOT NULL,
            facts TEXT NOT NULL,
            digest TEXT NOT NULL,
            has_weights INTEGER NOT NULL,
            stale INTEGER NOT NULL DEFAULT 0,
            created INTEGER NOT NULL);

        -- What a version said, out of fold, of the samples it was trained on.
        CREATE TABLE answers (
            version INTEGER NOT NULL REFERENCES versions (number),
            sample TEXT NOT NULL REFERENCES samples (id) ON DELETE CASCADE,
            label INTEGER NOT NULL,
            probability REAL NOT NULL,
            PRIMARY KEY (version, sample)) WITHOUT ROWID;
        CREATE INDEX answers_by_sample ON answers (sample);

        CREATE TABLE jobs (
            id TEXT PRIMARY KEY,
            state TEXT NOT NULL,
            request TEXT NOT NULL,
            started INTEGER NOT NULL,
            finished INTEGER,
            error TEXT,
            version INTEGER);

        CREATE TABLE settings (
            key TEXT PRIMARY KEY,
            value INTEGER NOT NULL);
        INSERT INTO settings VALUES ('active_version', 0);
        """
}
