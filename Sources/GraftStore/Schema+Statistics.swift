extension Schema {
    /// What was learned is saved, so that a start reads only what changed since; see `Store+Statistics.swift`.
    static let statistics = """
        CREATE TABLE statistics (
            fingerprint INTEGER PRIMARY KEY REFERENCES fingerprints (id),
            change INTEGER NOT NULL,
            digest BLOB NOT NULL,
            bytes BLOB NOT NULL);

        -- They contain what is forgotten, or learned anew under another backbone, and cannot lose it: its features are gone.
        CREATE TRIGGER statistics_of_forgotten AFTER DELETE ON samples BEGIN
            DELETE FROM statistics WHERE fingerprint = OLD.fingerprint;
        END;
        CREATE TRIGGER statistics_of_moved AFTER UPDATE OF fingerprint ON samples
        WHEN OLD.fingerprint <> NEW.fingerprint BEGIN
            DELETE FROM statistics WHERE fingerprint = OLD.fingerprint;
        END;
        """
}
