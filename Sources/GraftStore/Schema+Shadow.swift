extension Schema {
    /// The version that answered before a swap goes on being asked.
    static let shadow = """
        -- What that version said of a sample before it was learned; emptied with every swap.
        CREATE TABLE shadow_answers (
            sample TEXT PRIMARY KEY REFERENCES samples (id) ON DELETE CASCADE,
            label INTEGER NOT NULL) WITHOUT ROWID;

        -- Its number; -1 where none is asked.
        INSERT INTO settings VALUES ('shadow_version', -1);
        """
}
