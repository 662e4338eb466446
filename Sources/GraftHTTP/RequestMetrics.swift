import GraftAPI
import GraftService
import Synchronization

/// Counts and latencies of requests by route.
final class RequestMetrics: Sendable {
    private struct Key: Hashable, Comparable {
        let method: String
        let route: String

        static func < (left: Key, right: Key) -> Bool { (left.route, left.method) < (right.route, right.method) }
    }

    private struct Histogram {
        var counts = [Int](repeating: 0, count: RequestMetrics.bounds.count)
        var count = 0
        var seconds = 0.0
        var statuses: [Int: Int] = [:]
    }

    /// Upper bounds of the latency buckets, in seconds.
    private static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    private let histograms = Mutex<[Key: Histogram]>([:])

    func record(route: String, method: String, status: Int, duration: Duration) {
        let seconds = duration.seconds
        histograms.withLock { histograms in
            var histogram = histograms[Key(method: method, route: route), default: Histogram()]
            histogram.count += 1
            histogram.seconds += seconds
            histogram.statuses[status, default: 0] += 1
            for (index, bound) in Self.bounds.enumerated() where seconds <= bound { histogram.counts[index] += 1 }
            histograms[Key(method: method, route: route)] = histogram
        }
    }

    func write(to text: inout MetricsText) {
        let sorted = histograms.withLock { $0 }.sorted { $0.key < $1.key }
        text.family("graftd_http_requests_total", type: "counter", help: "Requests by route and status.")
        for (key, histogram) in sorted {
            for (status, count) in histogram.statuses.sorted(by: { $0.key < $1.key }) {
                text.sample(
                    "graftd_http_requests_total",
                    [("method", key.method), ("route", key.route), ("code", "\(status)")], Double(count))
            }
        }
        text.family("graftd_http_request_seconds", type: "histogram", help: "Time from a request's head to its answer.")
        for (key, histogram) in sorted {
            let labels = [("method", key.method), ("route", key.route)]
            for (bound, count) in zip(Self.bounds, histogram.counts) {
                text.sample("graftd_http_request_seconds_bucket", labels + [("le", "\(bound)")], Double(count))
            }
            text.sample("graftd_http_request_seconds_bucket", labels + [("le", "+Inf")], Double(histogram.count))
            text.sample("graftd_http_request_seconds_sum", labels, histogram.seconds)
            text.sample("graftd_http_request_seconds_count", labels, Double(histogram.count))
        }
    }
}
