import Foundation
import GraftLearning
import Synchronization

/// What an image came to: enough to teach it without seeing it again.
struct SeenImage: Sendable {
    /// SHA-256 of the image's bytes.
    let digest: [UInt8]
    let fingerprint: String
    let features: ImageFeatures
    /// The image itself, where taught ones are kept.
    var image: EncodedImage?
}

/// The images of the last answers, by the answer's id.
final class RecentAnswers: Sendable {
    private struct State {
        var images: [String: SeenImage] = [:]
        var order: [String] = []
        var next = 0
        /// The answers that still have their image's bytes, oldest first, and the sum of these.
        var withBytes: [String] = []
        var byteCount = 0

        mutating func dropBytes(of id: String) {
            byteCount -= images[id]?.image?.bytes.count ?? 0
            images[id]?.image = nil
        }
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let byteLimit: Int

    /// - Parameters:
    ///   - capacity: how many answers are remembered.
    ///   - byteLimit: how many bytes their images may take; older ones are taught without being kept.
    init(capacity: Int, byteLimit: Int) {
        self.capacity = capacity
        self.byteLimit = byteLimit
    }

    /// Keeps `image` in the place of the oldest, and returns the new answer's id.
    func insert(_ image: SeenImage) -> String {
        let id = UUID().uuidString.lowercased()
        state.withLock { state in
            if state.order.count < capacity {
                state.order.append(id)
            } else {
                let oldest = state.order[state.next]
                if state.withBytes.first == oldest { state.withBytes.removeFirst() }
                state.dropBytes(of: oldest)
                state.images[oldest] = nil
                state.order[state.next] = id
            }
            state.next = (state.next + 1) % capacity
            state.images[id] = image
            guard let bytes = image.image?.bytes else { return }
            state.withBytes.append(id)
            state.byteCount += bytes.count
            while state.byteCount > byteLimit { state.dropBytes(of: state.withBytes.removeFirst()) }
        }
        return id
    }

    subscript(id: String) -> SeenImage? { state.withLock { $0.images[id] } }
}
