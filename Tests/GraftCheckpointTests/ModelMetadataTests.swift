import GraftCheckpoint
import Testing

@Suite struct ModelMetadataTests {
    private static let metadata = ModelMetadata(
        version: 3, revision: 12, labels: ["cat", "a \"quoted\", name", "/"], missingLabels: [],
        backbone: ["format": "graftd-backbone-1", "labels": "of the backbone"])

    @Test func whatWasWrittenIsRead() throws {
        #expect(try ModelMetadata(Self.metadata.entries) == Self.metadata)
        // Other entries belong to others.
        #expect(try ModelMetadata(Self.metadata.entries.merging(["head.features": "plain"]) { $1 }) == Self.metadata)
    }

    @Test(arguments: ["format", "version", "revision", "labels", "missing_labels"])
    func whatIsMissingIsNamed(key: String) {
        var entries = Self.metadata.entries
        entries[key] = nil
        #expect(throws: CheckpointError.missingMetadata(key: key)) { try ModelMetadata(entries) }
    }
}
