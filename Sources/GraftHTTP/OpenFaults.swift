import GraftAPI
import Synchronization

/// Failures that are ours and last: each is worth one line in the log when it begins and one when it is over, however many
/// requests meet it.
final class OpenFaults: Sendable {
    private struct Fault {
        var detail: String
        /// The operations that have met it.
        var operations: Set<String>
    }

    private let open = Mutex<[Problem.Kind: Fault]>([:])

    /// Whether `problem` is to be logged: a failure of ours that is not known to last.
    func isNew(_ problem: Problem, in operation: String) -> Bool {
        guard let kind = problem.kind, problem.status >= 500 else { return false }
        switch kind {
        case .busy, .noBackbone, .stopping: return false  // The client's to wait for, or said when it began.
        case .storeFull, .storeFailed: break
        default: return true
        }
        return open.withLock { open in
            let isKnown = open[kind]?.detail == problem.detail
            open[kind, default: Fault(detail: problem.detail, operations: [])].operations.insert(operation)
            open[kind]?.detail = problem.detail
            return !isKnown
        }
    }

    /// Notes that `operation` succeeded. Returns the failure that is over with it; nil for none.
    func end(of operation: @autoclosure () -> String) -> Problem.Kind? {
        open.withLock { open in
            // As nearly always.
            if open.isEmpty { return nil }
            let operation = operation()
            guard let kind = open.first(where: { $0.value.operations.contains(operation) })?.key else { return nil }
            open[kind] = nil
            return kind
        }
    }
}
