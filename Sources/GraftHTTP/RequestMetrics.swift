import GraftAPI
import GraftService
import Synchronization

/// Counts and latencies of requests by route.
final class RequestMetrics: Sendable {
    private struct Key: Hashable, Comparable {
        let method: String
        let route: String

        var labels: [(String, String)] { [("method", method), ("route", route)] }

        static func < (left: Key, right: Key) -> Bool { (left.route, left.method) < (right.route, right.method) }
    }

    private struct Requests {
        var times = Histogram()
        var statuses: [Int: Int] = [:]
    }

    private let requests = Mutex<[Key: Requests]>([:])

    func record(route: String, method: String, status: Int, duration: Duration) {
        let key = Key(method: method, route: route)
        requests.withLock { requests in
            requests[key, default: Requests()].times.add(duration.seconds)
            requests[key]?.statuses[status, default: 0] += 1
        }
    }

    func write(to text: inout MetricsText) {
        let sorted = requests.withLock { $0 }.sorted { $0.key < $1.key }
        text.family("graftd_http_requests_total", type: "counter", help: "Requests by route and status.")
        for (key, requests) in sorted {
            for (status, count) in requests.statuses.sorted(by: { $0.key < $1.key }) {
                text.sample("graftd_http_requests_total", key.labels + [("code", "\(status)")], Double(count))
            }
        }
        text.family("graftd_http_request_seconds", type: "histogram", help: "Time from a request's head to its answer.")
        for (key, requests) in sorted { text.sample("graftd_http_request_seconds", key.labels, requests.times) }
    }
}
