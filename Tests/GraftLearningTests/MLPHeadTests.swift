import GraftCheckpoint
import GraftLearning
import TestSupport
import Testing

@Suite struct MLPHeadTests {
    /// Two hidden units, one of which is off for the features below.
    private static let head = MLPHead(
        labels: [-3, 7, 9], featureCount: 3, space: .plain, hiddenWeights: [1, 2, 0, -1, 0, 0], hiddenBias: [0.5, -1],
        weights: [1, 5, -1, 5, 0, 5], bias: [0, 0.25, 1], temperature: 2)
    private static let features = ImageFeatures([1, 2, 3])

    private static func written(_ head: VersionHead, in folder: TemporaryFolder) throws -> SafetensorsFile {
        let path = folder.file("head.safetensors").path(percentEncoded: false)
        try SafetensorsWriter.write(head.stateDict(), metadata: head.metadata, to: path)
        return try SafetensorsFile(path: path)
    }

    @Test func logitsAreThoseOfTwoLayersWithReLU() {
        // Hidden: 1 + 4 + 0.5 = 5.5, and -1 - 1, which is off.
        #expect(Self.head.logits(of: Self.features) == [5.5, -5.25, 1])
        let probabilities = Self.head.probabilities(of: Self.features)
        #expect(abs(probabilities.reduce(0, +) - 1) < 1e-6)  // three roundings
        // exp((5.5 - 1) / 2)
        #expect(abs(probabilities[0] / probabilities[2] - 9.487_736) < 1e-4)
    }

    @Test func withoutSomeLabelsTheOthersShareWhatTheyHad() {
        let all = Self.head.probabilities(of: Self.features)
        let rest = Self.head.keeping([-3, 9]).probabilities(of: Self.features)
        #expect(abs(rest[0] / rest[1] - all[0] / all[2]) < 1e-4)
    }

    @Test(arguments: FeatureSpace.allCases)
    func aWrittenHeadComesBackAsWhatItWas(_ space: FeatureSpace) throws {
        let folder = try TemporaryFolder()
        let mlp = MLPHead(
            labels: [1, 2], featureCount: 2, space: space, hiddenWeights: [1, 2, 3, 4, 5, 6], hiddenBias: [7, 8, 9],
            weights: [1, 2, 3, 4, 5, 6], bias: [0, 1], temperature: 1.5)
        let linear = LinearHead(
            labels: [1, 2], featureCount: 2, space: space, weights: [1, 2, 3, 4], bias: [0, 1], temperature: 1.5)
        for head in [VersionHead.mlp(mlp), .linear(linear)] {
            #expect(try VersionHead(file: Self.written(head, in: folder), featureCount: 2) == head)
        }
    }

    @Test func anotherFeatureCountIsRefused() throws {
        let folder = try TemporaryFolder()
        let file = try Self.written(.mlp(Self.head), in: folder)
        #expect(throws: CheckpointError.shapeMismatch(name: "head.hidden.weight", expected: [2, 4], found: [2, 3])) {
            try VersionHead(file: file, featureCount: 4)
        }
    }

    @Test func weightThatIsNoNumberIsRefused() throws {
        let folder = try TemporaryFolder()
        let head = MLPHead(
            labels: [1], featureCount: 1, hiddenWeights: [.nan], hiddenBias: [0], weights: [1], bias: [0],
            temperature: 1)
        let file = try Self.written(.mlp(head), in: folder)
        #expect(throws: CheckpointError.malformed(detail: "a weight of the head's hidden layer is no finite number")) {
            try VersionHead(file: file, featureCount: 1)
        }
    }

    @Test func anotherTemperatureChangesNothingElse() {
        let warm = VersionHead.mlp(Self.head).with(temperature: 1)
        #expect(warm.temperature == 1 && warm.logits(of: Self.features) == Self.head.logits(of: Self.features))
        let linear = VersionHead.linear(
            LinearHead(labels: [1], featureCount: 1, weights: [1], bias: [0], temperature: 1))
        #expect(
            linear.with(temperature: 3).temperature == 3 && linear.with(temperature: 3).with(temperature: 1) == linear)
    }
}
