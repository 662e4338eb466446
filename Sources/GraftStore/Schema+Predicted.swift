extension Schema {
    /// The last predictions are found without reading samples, each of which has its features in front of them, and past
    /// those that nobody predicted.
    static let predicted = """
        CREATE INDEX predicted_samples
            ON samples (sequence, label, predicted_label, predicted_probability, predicted_right)
            WHERE predicted_right IS NOT NULL;
        """
}
