import Foundation
import GraftCheckpoint
import TestSupport
import Testing

@Suite struct BackboneMetadataTests {
    private static let weights: StateDict = [
        "stem.weight": StateTensor(shape: [2, 1, 1, 1], floats: [1, 2]),
        "stem.gamma": StateTensor(shape: [2], floats: [3, 4]),
    ]

    private func metadata(
        architecture: String = "tiny", preprocessing: String = "{}", source: String = "tiny.pth",
        weights: StateDict = weights
    ) -> BackboneMetadata {
        BackboneMetadata(
            architecture: architecture, preprocessing: preprocessing, source: source, sourceSHA256: sha256(of: []),
            weights: weights)
    }

    /// Computed once by Python's hashlib over the bytes that the fingerprint's documentation names: a fingerprint
    /// that is stored with features must never change.
    @Test func fingerprintIsTheRecordedOne() {
        #expect(metadata().fingerprint == "0257752299f447ce2c5d41e1a5b25f17e0e7a4f77fc483e444bdd4a164440afb")
    }

    @Test func fingerprintIsOfTheContentAlone() {
        let reordered: StateDict = [
            "stem.gamma": Self.weights["stem.gamma"]!, "stem.weight": Self.weights["stem.weight"]!,
        ]
        #expect(metadata(source: "other.pth", weights: reordered).fingerprint == metadata().fingerprint)
    }

    @Test func everyPartOfTheContentChangesTheFingerprint() {
        let changed: [BackboneMetadata] = [
            metadata(architecture: "tiny2"), metadata(preprocessing: "{ }"),
            metadata(architecture: "tiny{", preprocessing: "}"),
            metadata(weights: [
                "stem.weight": StateTensor(shape: [2, 1, 1, 1], floats: [1, 2]),
                "stem.gamma": StateTensor(shape: [2], floats: [3, Float(4).nextUp]),
            ]),
            metadata(weights: [
                "stem.weight": StateTensor(shape: [1, 2, 1, 1], floats: [1, 2]),
                "stem.gamma": StateTensor(shape: [2], floats: [3, 4]),
            ]),
            metadata(weights: ["stem.weight": Self.weights["stem.weight"]!]),
        ]
        #expect(Set(changed.map(\.fingerprint) + [metadata().fingerprint]).count == changed.count + 1)
    }

    @Test func metadataSurvivesTheFile() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("backbone.safetensors").path
        try SafetensorsWriter.write(Self.weights, metadata: metadata().entries, to: path)
        let file = try SafetensorsFile(path: path)
        #expect(try file.backboneMetadata() == metadata())
        try file.verifyFingerprint()
    }

    @Test func oneChangedBitFailsTheFingerprint() throws {
        let folder = try TemporaryFolder()
        let url = folder.file("backbone.safetensors")
        try SafetensorsWriter.write(Self.weights, metadata: metadata().entries, to: url.path)
        var bytes = try Data(contentsOf: url)
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: url)
        let error = #expect(throws: CheckpointError.self) { try SafetensorsFile(path: url.path).verifyFingerprint() }
        guard case .fingerprintMismatch(let expected, _) = error else { return #expect(Bool(false), "\(error!)") }
        #expect(expected == metadata().fingerprint)
    }

    @Test(arguments: ["format", "architecture", "preprocessing", "source", "source_sha256", "fingerprint"])
    func missingKeyIsNamed(key: String) {
        var entries = metadata().entries
        entries[key] = nil
        #expect(throws: CheckpointError.missingMetadata(key: key)) { try BackboneMetadata(entries) }
    }

    @Test func otherFormatIsNamed() {
        var entries = metadata().entries
        entries["format"] = "graftd-backbone-2"
        #expect(throws: CheckpointError.unknownFormat(expected: "graftd-backbone-1", found: "graftd-backbone-2")) {
            try BackboneMetadata(entries)
        }
    }
}
