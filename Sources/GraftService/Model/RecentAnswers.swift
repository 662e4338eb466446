import Foundation
import GraftLearning
import GraftStore
import Synchronization

/// The images of the last answers, by the answer's id.
final class RecentAnswers: Sendable {
    /// What may be kept of one part of the images.
    private struct Budget {
        let limit: Int
        /// The sum over the answers from `first` on; those before have lost the part.
        var bytes = 0
        var first = 0
    }

    private struct State {
        /// The answer of number `n` is at `n % capacity`.
        var answers: [(id: UUID, image: SeenImage)?]
        var numbers: [UUID: Int] = [:]
        /// The number of the next answer.
        var next = 0
        var encoded: Budget
        var latents: Budget

        mutating func insert(_ image: SeenImage, as id: UUID) {
            let place = next % answers.count
            // In place: a copy would count every reference in the oldest twice.
            if answers[place] != nil {
                numbers[answers[place]!.id] = nil
                encoded.bytes -= answers[place]!.image.encodedByteCount
                latents.bytes -= answers[place]!.image.latentByteCount
            }
            answers[place] = (id, image)
            numbers[id] = next
            next += 1
            encoded.bytes += image.encodedByteCount
            latents.bytes += image.latentByteCount
            trim(\.encoded, \.encodedByteCount) { $0.image = nil }
            trim(\.latents, \.latentByteCount) { $0.latent = nil }
        }

        /// Drops a part of the oldest images while there is too much of it.
        private mutating func trim(
            _ budget: WritableKeyPath<State, Budget>, _ byteCount: (SeenImage) -> Int, drop: (inout SeenImage) -> Void
        ) {
            self[keyPath: budget].first = max(self[keyPath: budget].first, next - answers.count)
            while self[keyPath: budget].bytes > self[keyPath: budget].limit {
                let place = self[keyPath: budget].first % answers.count
                self[keyPath: budget].bytes -= byteCount(answers[place]!.image)
                drop(&answers[place]!.image)
                self[keyPath: budget].first += 1
            }
        }
    }

    private let state: Mutex<State>

    /// - Parameters:
    ///   - capacity: how many answers are remembered.
    ///   - imageByteLimit: how many bytes their images may take; older ones are taught without being kept.
    ///   - latentByteLimit: how many bytes their latents may take; older ones are taught without.
    init(capacity: Int, imageByteLimit: Int, latentByteLimit: Int) {
        state = Mutex(
            State(
                answers: Array(repeating: nil, count: capacity), encoded: Budget(limit: imageByteLimit),
                latents: Budget(limit: latentByteLimit)))
    }

    /// Keeps `image` in the place of the oldest, and returns the new answer's id.
    func insert(_ image: SeenImage) -> String {
        let id = Self.newID()
        state.withLock { $0.insert(image, as: id) }
        return id.uuidString.lowercased()
    }

    /// A random UUID (RFC 9562, section 5.4). Foundation's own would open /dev/urandom for each.
    private static func newID() -> UUID {
        var generator = SystemRandomNumberGenerator()
        let high = generator.next() & ~0xf000 | 0x4000
        let low = generator.next() & ~(3 << 62) | 2 << 62
        return withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { UUID(uuid: $0.load(as: uuid_t.self)) }
    }

    subscript(id: String) -> SeenImage? {
        guard let id = UUID(uuidString: id) else { return nil }
        return state.withLock { state in
            state.numbers[id].flatMap { state.answers[$0 % state.answers.count]?.image }
        }
    }
}

extension SeenImage {
    fileprivate var encodedByteCount: Int { image?.bytes.count ?? 0 }
    fileprivate var latentByteCount: Int { latent?.bytes.count ?? 0 }
}
