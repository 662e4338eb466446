import Foundation

/// One stored sample, as `GET /v1/samples` lists it.
package struct SampleRecord: Codable, Sendable, Equatable {
    package var id: String
    /// Absent for an example of none of the labels.
    package var label: String?
    /// Whether it is one of those.
    package var negative: Bool
    /// The caller's group: samples of one group are never split between training and validation.
    package var group: String?
    /// SHA-256 of the image's bytes, in hexadecimal.
    package var digest: String
    package var created: Date
    package var predicted: LabelProbability?

    package init(
        id: String, label: String?, group: String?, digest: String, created: Date, predicted: LabelProbability?
    ) {
        self.id = id
        self.label = label
        negative = label == nil
        self.group = group
        self.digest = digest
        self.created = created
        self.predicted = predicted
    }
}

/// A page of samples; `next` goes into `?after=` for the following page and is absent on the last.
package struct SamplePage: Codable, Sendable, Equatable {
    package var samples: [SampleRecord]
    package var next: String?

    package init(samples: [SampleRecord], next: String?) {
        self.samples = samples
        self.next = next
    }
}

/// The body of `PATCH /v1/samples/{id}`: one of the two.
package struct SampleChange: Codable, Sendable, Equatable {
    package var label: String?
    /// True makes the sample an example of none of the labels.
    package var negative: Bool?

    package init(label: String?, negative: Bool? = nil) {
        self.label = label
        self.negative = negative
    }
}

/// The body of `PATCH /v1/labels/{label}`.
package struct LabelChange: Codable, Sendable, Equatable {
    package var label: String
    /// Whether the two may become one where the new name exists already.
    package var merge: Bool?

    package init(label: String, merge: Bool? = nil) {
        self.label = label
        self.merge = merge
    }
}

/// The answer to a relabelled or forgotten sample or label.
package struct Changed: Codable, Sendable, Equatable {
    /// How many samples changed.
    package var samples: Int
    package var model: ModelReference
    /// Versions that were trained on what was forgotten.
    package var staleVersions: [Int]
    /// Versions that were trained on it and are deleted with it; absent where that was not asked for.
    package var purgedVersions: [Int]?

    package init(samples: Int, model: ModelReference, staleVersions: [Int], purgedVersions: [Int]? = nil) {
        self.samples = samples
        self.model = model
        self.staleVersions = staleVersions
        self.purgedVersions = purgedVersions
    }
}

/// One label in `GET /v1/labels`.
package struct LabelSummary: Codable, Sendable, Equatable {
    package var label: String
    package var samples: Int
    /// Of its samples, the fraction found, out of fold, by the active version; absent where that lacks the label.
    package var recall: Double?
    /// Of what the active version gave this label, out of fold, the fraction that was right.
    package var precision: Double?
    /// Of its samples among the last that were taught, the fraction that was found before they were learned; absent where
    /// there is none.
    package var prequentialRecall: Double?

    package init(
        label: String, samples: Int, recall: Double?, precision: Double?, prequentialRecall: Double? = nil
    ) {
        self.label = label
        self.samples = samples
        self.recall = recall
        self.precision = precision
        self.prequentialRecall = prequentialRecall
    }
}

/// The answer to `GET /v1/labels`.
package struct LabelList: Codable, Sendable, Equatable {
    package var labels: [LabelSummary]

    package init(labels: [LabelSummary]) { self.labels = labels }
}
