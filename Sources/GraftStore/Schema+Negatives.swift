extension Schema {
    /// Examples of none of the labels can be taught, and near-duplicates are held out together.
    static let negativesAndNearDuplicates = """
        -- What examples of none of the labels belong to: it has no name, so nobody lists it.
        INSERT INTO labels (id, name) VALUES (\(Store.negative), NULL);

        -- What the samples are held out with that the sample is nearly a copy of; null where it was the first.
        ALTER TABLE samples ADD COLUMN cluster TEXT;
        -- A few bytes by which nearly equal features are found; null where they are to be made.
        ALTER TABLE samples ADD COLUMN sketch BLOB;
        """
}
