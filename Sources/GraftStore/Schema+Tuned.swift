extension Schema {
    /// Versions have tops of their own.
    static let tuned = """
        -- What the top of a version makes of samples.
        CREATE TABLE tuned_features (
            id INTEGER PRIMARY KEY,
            version INTEGER NOT NULL REFERENCES versions (number),
            sample TEXT NOT NULL REFERENCES samples (id) ON DELETE CASCADE,
            features BLOB NOT NULL);
        CREATE UNIQUE INDEX tuned_features_by_sample ON tuned_features (sample, version);
        CREATE INDEX tuned_features_by_version ON tuned_features (version, id);

        -- Another backbone's features have nothing to do with these.
        CREATE TRIGGER tuned_features_of_moved AFTER UPDATE OF fingerprint ON samples
        WHEN OLD.fingerprint <> NEW.fingerprint BEGIN
            DELETE FROM tuned_features WHERE sample = NEW.id;
        END;
        """
}
