/// Which model gave an answer. Answers repeat bit for bit per version and revision.
package struct ModelReference: Codable, Sendable, Hashable {
    /// The published version; 0 before the first one, when the analytic head answers alone.
    package var version: Int
    /// How many changes (taught, relabelled, forgotten samples) the live model has learned since that version's snapshot.
    package var revision: Int

    package init(version: Int, revision: Int) {
        self.version = version
        self.revision = revision
    }
}

/// One label and its probability in `0...1`.
package struct LabelProbability: Codable, Sendable, Hashable {
    package var label: String
    package var probability: Float

    package init(label: String, probability: Float) {
        self.label = label
        self.probability = probability
    }
}

/// The answer to `POST /v1/classify`.
package struct Classification: Codable, Sendable, Equatable {
    /// Names this answer for a while, so that its image can be taught without being sent again.
    package var id: String
    package var model: ModelReference
    /// The most probable label.
    package var label: String
    package var probability: Float
    /// The most probable labels, best first; as many as were asked for.
    package var top: [LabelProbability]
    /// How little the image is like what was learned: the fraction, in `0..<1`, of known images that are more like it.
    package var novelty: Float
    /// Whether the image is probably of none of the labels; so is one in twenty of those that are.
    package var unknown: Bool

    package init(id: String, model: ModelReference, top: [LabelProbability], novelty: Float, unknown: Bool) {
        precondition(!top.isEmpty, "a classification names at least one label")
        self.id = id
        self.model = model
        label = top[0].label
        probability = top[0].probability
        self.top = top
        self.novelty = novelty
        self.unknown = unknown
    }
}

/// The answer to `POST /v1/samples`: sent once the sample is durable and can be answered.
package struct Taught: Codable, Sendable, Equatable {
    /// The sample's id; the first one's where the same bytes were taught before.
    package var id: String
    /// Null for an example of none of the labels.
    package var label: String?
    /// The earlier sample of the same bytes, or null.
    package var duplicateOf: String?
    /// An earlier sample that this one is nearly a copy of, so that the two are never split between training and validation;
    /// null where there is none.
    package var nearDuplicateOf: String?
    /// What the model would have said before it learned this sample, or null where it knew no label.
    package var predicted: LabelProbability?
    /// The model that has learned this sample.
    package var model: ModelReference

    package init(
        id: String, label: String?, duplicateOf: String?, nearDuplicateOf: String?, predicted: LabelProbability?,
        model: ModelReference
    ) {
        self.id = id
        self.label = label
        self.duplicateOf = duplicateOf
        self.nearDuplicateOf = nearDuplicateOf
        self.predicted = predicted
        self.model = model
    }

    // Written by hand so that what is absent is said as null rather than left out.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(label, forKey: .label)
        try container.encode(duplicateOf, forKey: .duplicateOf)
        try container.encode(nearDuplicateOf, forKey: .nearDuplicateOf)
        try container.encode(predicted, forKey: .predicted)
        try container.encode(model, forKey: .model)
    }
}
