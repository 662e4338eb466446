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

    private struct State {
        var requests: [Key: Requests] = [:]
        var refusals: [String: Int] = [:]
    }

    private let state = Mutex(State())

    func record(route: String, method: String, status: Int, duration: Duration) {
        let key = Key(method: method, route: route)
        state.withLock { state in
            state.requests[key, default: Requests()].times.add(duration.seconds)
            state.requests[key]?.statuses[status, default: 0] += 1
        }
    }

    /// Counts a request that was refused because its sender lacks `role`.
    func recordRefusal(role: String) { state.withLock { $0.refusals[role, default: 0] += 1 } }

    func write(to text: inout MetricsText) {
        let state = state.withLock { $0 }
        let sorted = state.requests.sorted { $0.key < $1.key }
        text.family("graftd_http_requests_total", type: "counter", help: "Requests by route and status.")
        for (key, requests) in sorted {
            for (status, count) in requests.statuses.sorted(by: { $0.key < $1.key }) {
                text.sample("graftd_http_requests_total", key.labels + [("code", "\(status)")], Double(count))
            }
        }
        text.family("graftd_http_request_seconds", type: "histogram", help: "Time from a request's head to its answer.")
        for (key, requests) in sorted { text.sample("graftd_http_request_seconds", key.labels, requests.times) }
        text.family("graftd_refusals_total", type: "counter", help: "Requests refused for the role they lacked.")
        for (role, count) in state.refusals.sorted(by: { $0.key < $1.key }) {
            text.sample("graftd_refusals_total", [("role", role)], Double(count))
        }
    }
}
