import GraftAPI
import GraftService

/// Metrics in Prometheus' text format 0.0.4.
struct MetricsText {
    private(set) var text = ""

    mutating func family(_ name: String, type: String, help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    mutating func sample(_ name: String, _ labels: [(String, String)], _ value: Double) {
        let list = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
        let number = value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
        text += name + (list.isEmpty ? "" : "{\(list)}") + " \(number)\n"
    }

    mutating func gauge(_ name: String, help: String, _ value: Double?) {
        guard let value else { return }
        family(name, type: "gauge", help: help)
        sample(name, [], value)
    }

    mutating func counter(_ name: String, help: String, _ value: Double) {
        family(name, type: "counter", help: help)
        sample(name, [], value)
    }

    /// One histogram of the family `name`, whose head has been written.
    mutating func sample(_ name: String, _ labels: [(String, String)], _ histogram: Histogram) {
        for (bound, count) in zip(histogram.bounds, histogram.cumulative) {
            sample("\(name)_bucket", labels + [("le", "\(bound)")], Double(count))
        }
        sample("\(name)_bucket", labels + [("le", "+Inf")], Double(histogram.count))
        sample("\(name)_sum", labels, histogram.sum)
        sample("\(name)_count", labels, Double(histogram.count))
    }

    /// What the service says of itself.
    mutating func write(_ status: Status) {
        gauge("graftd_ready", help: "Whether images can be classified.", status.phase == .serving ? 1 : 0)
        gauge("graftd_uptime_seconds", help: "Time since the start.", status.uptimeSeconds)
        gauge("graftd_store_bytes", help: "Size of the database file.", Double(status.storeBytes))
        gauge("graftd_samples", help: "Samples that take part.", Double(status.samples))
        gauge("graftd_negatives", help: "Examples of none of the labels.", Double(status.negatives))
        gauge("graftd_other_samples", help: "Samples of another backbone.", Double(status.otherSamples))
        gauge("graftd_labels", help: "Labels that can be answered.", Double(status.labels))
        gauge("graftd_model_version", help: "The version that answers.", Double(status.model.version))
        gauge(
            "graftd_model_revision", help: "Changes learned since that version's snapshot.",
            Double(status.model.revision))
        gauge(
            "graftd_prequential_accuracy", help: "Of the last taught samples, the fraction that was predicted right.",
            status.prequentialAccuracy)
        gauge("graftd_queue_length", help: "Images that wait for a thread.", Double(status.queued))
        gauge("graftd_training", help: "Whether a training job runs.", status.training?.state == .running ? 1 : 0)
        gauge("graftd_training_due", help: "Whether a training job is due.", status.schedule.map { $0.due ? 1 : 0 })
        gauge(
            "graftd_shadow_samples", help: "Taught samples by which the version before is compared with this one.",
            status.shadow.map { Double($0.samples) })
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
