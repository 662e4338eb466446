import GRDB

/// The tables, and how an older file comes forward to them.
enum Schema {
    /// - Throws: ``StoreError/newerSchema(folder:)`` for a file that a newer version has migrated.
    static func bringForward(_ database: any DatabaseWriter, folder: String) throws {
        try check(database, folder: folder)
        try migrator.migrate(database)
    }

    /// - Throws: the same.
    static func check(_ database: any DatabaseReader, folder: String) throws {
        let migrator = migrator
        guard try database.read({ try !migrator.hasBeenSuperseded($0) }) else {
            throw StoreError.newerSchema(folder: folder)
        }
    }

    /// Whether the next start of a daemon migrates the file.
    static func isOlder(_ database: any DatabaseReader) throws -> Bool {
        let migrator = migrator
        return try database.read { try !migrator.hasCompletedMigrations($0) }
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try db.execute(sql: first)
        }
        migrator.registerMigration("2") { db in
            try db.execute(sql: second)
        }
        migrator.registerMigration("3") { db in
            try db.execute(sql: shadow)
        }
        migrator.registerMigration("4") { db in
            try db.execute(sql: latents)
        }
        migrator.registerMigration("5") { db in
            try db.execute(sql: tuned)
        }
        migrator.registerMigration("6") { db in
            try db.execute(sql: negativesAndNearDuplicates)
        }
        migrator.registerMigration("7") { db in
            try db.execute(sql: statistics)
        }
        migrator.registerMigration("8") { db in
            try db.execute(sql: predicted)
        }
        return migrator
    }

    /// Sequence numbers and ids are `AUTOINCREMENT`, so that none is ever used twice, whatever is deleted.
    private static let first = """
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

    /// Images are kept, and samples move from one backbone to another.
    private static let second = """
        -- The name that the backbone was last loaded under.
        ALTER TABLE fingerprints ADD COLUMN name TEXT;

        -- The change that gave the sample features of another backbone than it was taught under; null before that.
        ALTER TABLE samples ADD COLUMN relearned INTEGER REFERENCES changes (sequence);

        -- With the id, so that the samples of a backbone are told without reading their features.
        DROP INDEX samples_by_fingerprint;
        CREATE INDEX samples_by_fingerprint ON samples (fingerprint, sequence, id);
        CREATE INDEX relearned_samples ON samples (fingerprint) WHERE relearned IS NOT NULL;

        -- A table of its own, so that nobody who lists samples reads images.
        CREATE TABLE images (
            sample TEXT PRIMARY KEY REFERENCES samples (id) ON DELETE CASCADE,
            media_type TEXT NOT NULL,
            -- Whether decoding it has failed; then it is not tried again.
            unreadable INTEGER NOT NULL DEFAULT 0,
            bytes BLOB NOT NULL);
        CREATE INDEX unreadable_images ON images (sample) WHERE unreadable;

        -- How many there are and their bytes: a sum over the table would read every image's page.
        INSERT INTO settings VALUES ('images', 0), ('image_bytes', 0);
        CREATE TRIGGER image_added AFTER INSERT ON images BEGIN
            UPDATE settings SET value = value + 1 WHERE key = 'images';
            UPDATE settings SET value = value + length(NEW.bytes) WHERE key = 'image_bytes';
        END;
        CREATE TRIGGER image_removed AFTER DELETE ON images BEGIN
            UPDATE settings SET value = value - 1 WHERE key = 'images';
            UPDATE settings SET value = value - length(OLD.bytes) WHERE key = 'image_bytes';
        END;
        """
}
