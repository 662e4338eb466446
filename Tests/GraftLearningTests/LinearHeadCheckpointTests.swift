import GraftCheckpoint
import GraftLearning
import TestSupport
import Testing

@Suite struct LinearHeadCheckpointTests {
    private static let head = LinearHead(
        labels: [-3, 7], featureCount: 3, weights: [1, 2, 3, 4, 5, 6], bias: [0.5, -0.5], temperature: 1.5)

    private static func written(_ tensors: StateDict, in folder: TemporaryFolder) throws -> SafetensorsFile {
        let path = folder.file("head.safetensors").path(percentEncoded: false)
        try SafetensorsWriter.write(tensors, to: path)
        return try SafetensorsFile(path: path)
    }

    @Test func aWrittenHeadComesBack() throws {
        let folder = try TemporaryFolder()
        let file = try Self.written(Self.head.stateDict(), in: folder)
        #expect(try LinearHead(file: file, featureCount: 3) == Self.head)
    }

    @Test func theFileSaysWhatTheHeadIsOver() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("head.safetensors").path(percentEncoded: false)
        func read(_ metadata: [String: String]) throws -> LinearHead {
            try SafetensorsWriter.write(Self.head.stateDict(), metadata: metadata, to: path)
            return try LinearHead(file: SafetensorsFile(path: path), featureCount: 3)
        }
        for space in FeatureSpace.allCases {
            let head = LinearHead(
                labels: [1], featureCount: 1, space: space, weights: [1], bias: [0], temperature: 1)
            #expect(try read(head.metadata).space == space)
        }
        // Files of before there was a choice.
        #expect(try read([:]).space == .roots)
        #expect(throws: CheckpointError.malformed(detail: "the head is over features called 'cubes'")) {
            try read(["head.features": "cubes"])
        }
    }

    @Test func anotherFeatureCountIsRefused() throws {
        let folder = try TemporaryFolder()
        let file = try Self.written(Self.head.stateDict(), in: folder)
        #expect(throws: CheckpointError.shapeMismatch(name: "head.weight", expected: [2, 4], found: [2, 3])) {
            try LinearHead(file: file, featureCount: 4)
        }
    }

    /// Labels out of order; a weight that is no number; no temperature to divide by.
    @Test(
        arguments: [
            ([7, -3], 1, 1.5), ([7, 7], 1, 1.5), ([1, 2], .nan, 1.5), ([1, 2], 1, 0), ([1, 2], 1, .infinity),
        ] as [([Int64], Float, Float)])
    func whatNoHeadHasIsRefused(labels: [Int64], weight: Float, temperature: Float) throws {
        let folder = try TemporaryFolder()
        let file = try Self.written(
            [
                "head.labels": StateTensor(shape: [2], integers: labels),
                "head.weight": StateTensor(shape: [2, 1], floats: [weight, 1]),
                "head.bias": StateTensor(shape: [2], floats: [0, 0]),
                "head.temperature": StateTensor(shape: [1], floats: [temperature]),
            ], in: folder)
        #expect(throws: CheckpointError.self) { try LinearHead(file: file, featureCount: 1) }
    }
}
