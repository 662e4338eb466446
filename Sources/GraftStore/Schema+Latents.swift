extension Schema {
    /// What leaves the trunk is kept, so that the blocks after it can be trained.
    static let latents = """
        -- Not in the table of samples, so that nobody who reads features reads latents. It belongs to the fingerprint that
        -- the sample has, and to the block that is named: the first of the top.
        CREATE TABLE latents (
            sample INTEGER NOT NULL UNIQUE REFERENCES samples (sequence) ON DELETE CASCADE,
            cut TEXT NOT NULL,
            format TEXT NOT NULL,
            height INTEGER NOT NULL,
            width INTEGER NOT NULL,
            channels INTEGER NOT NULL,
            bytes BLOB NOT NULL);
        -- So that those of a cut are listed without reading a page for each.
        CREATE INDEX latents_by_cut ON latents (cut, sample);

        -- A latent of one backbone is nothing to another.
        CREATE TRIGGER latent_outdated AFTER UPDATE OF fingerprint ON samples WHEN NEW.fingerprint <> OLD.fingerprint BEGIN
            DELETE FROM latents WHERE sample = NEW.sequence;
        END;

        -- How many there are and their bytes, as for images; and how many were evicted since the beginning.
        INSERT INTO settings VALUES ('latents', 0), ('latent_bytes', 0), ('latents_evicted', 0);
        CREATE TRIGGER latent_added AFTER INSERT ON latents BEGIN
            UPDATE settings SET value = value + 1 WHERE key = 'latents';
            UPDATE settings SET value = value + length(NEW.bytes) WHERE key = 'latent_bytes';
        END;
        CREATE TRIGGER latent_removed AFTER DELETE ON latents BEGIN
            UPDATE settings SET value = value - 1 WHERE key = 'latents';
            UPDATE settings SET value = value - length(OLD.bytes) WHERE key = 'latent_bytes';
        END;
        """
}
