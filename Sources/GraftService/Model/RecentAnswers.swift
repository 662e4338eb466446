import Foundation
import GraftLearning
import Synchronization

/// What an image came to: enough to teach it without seeing it again.
struct SeenImage: Sendable {
    /// SHA-256 of the image's bytes.
    let digest: [UInt8]
    let fingerprint: String
    let features: ImageFeatures
}

/// The images of the last answers, by the answer's id.
final class RecentAnswers: Sendable {
    private struct State {
        var images: [String: SeenImage] = [:]
        var order: [String] = []
        var next = 0
    }

    private let state = Mutex(State())
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    /// Keeps `image` in the place of the oldest, and returns the new answer's id.
    func insert(_ image: SeenImage) -> String {
        let id = UUID().uuidString.lowercased()
        state.withLock { state in
            if state.order.count < capacity {
                state.order.append(id)
            } else {
                state.images[state.order[state.next]] = nil
                state.order[state.next] = id
            }
            state.next = (state.next + 1) % capacity
            state.images[id] = image
        }
        return id
    }

    subscript(id: String) -> SeenImage? { state.withLock { $0.images[id] } }
}
