/// How often each label was answered for images of each label, and what follows from it.
package struct ConfusionCounts: Sendable, Equatable {
    /// A true label and the label that was answered instead.
    package struct Pair: Sendable, Hashable {
        package var label: String
        package var answered: String

        package init(label: String, answered: String) {
            self.label = label
            self.answered = answered
        }
    }

    /// One label's count and the share of its images that was found.
    package struct LabelRecall: Codable, Sendable, Equatable {
        package var label: String
        package var images: Int
        package var recall: Double
    }

    /// A wrong answer and how often it was given.
    package struct Confusion: Codable, Sendable, Equatable {
        package var label: String
        package var answered: String
        package var images: Int
    }

    private var counts: [Pair: Int] = [:]
    package private(set) var images = 0

    package init() {}

    /// Counts one image of `label` that was answered with `answered`.
    package mutating func add(label: String, answered: String) {
        counts[Pair(label: label, answered: answered), default: 0] += 1
        images += 1
    }

    /// Of all images, the share that was answered rightly; nil without images.
    package var accuracy: Double? {
        guard images > 0 else { return nil }
        return Double(counts.reduce(0) { $0 + ($1.key.label == $1.key.answered ? $1.value : 0) }) / Double(images)
    }

    /// The mean of the labels' recalls, so that every label counts the same; nil without images.
    package var balancedAccuracy: Double? {
        let recalls = self.recalls
        return recalls.isEmpty ? nil : recalls.reduce(0) { $0 + $1.recall } / Double(recalls.count)
    }

    /// Every label that had images, by name.
    package var recalls: [LabelRecall] {
        var totals: [String: (images: Int, found: Int)] = [:]
        for (pair, count) in counts {
            totals[pair.label, default: (0, 0)].images += count
            if pair.label == pair.answered { totals[pair.label, default: (0, 0)].found += count }
        }
        return totals.sorted { $0.key < $1.key }.map { label, total in
            LabelRecall(label: label, images: total.images, recall: Double(total.found) / Double(total.images))
        }
    }

    /// The most frequent wrong answers, at most `limit`, most frequent first, then by name.
    package func confusions(limit: Int) -> [Confusion] {
        let wrong = counts.filter { $0.key.label != $0.key.answered }
        let sorted = wrong.sorted {
            ($1.value, $0.key.label, $0.key.answered) < ($0.value, $1.key.label, $1.key.answered)
        }
        return sorted.prefix(limit).map {
            Confusion(label: $0.key.label, answered: $0.key.answered, images: $0.value)
        }
    }
}
