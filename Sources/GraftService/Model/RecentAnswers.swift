import GraftLearning
import GraftStore
import Synchronization

/// The images of the last answers, by the answer's id.
final class RecentAnswers: Sendable {
    /// The answers that still have one part of their image, oldest first, and the sum of its bytes.
    private struct Bytes {
        let limit: Int
        var ids: [String] = []
        var count = 0

        /// An answer goes, the oldest of all, with `bytes` of the part if it still has that.
        mutating func forget(_ id: String, _ bytes: Int?) {
            guard let bytes else { return }
            if ids.first == id { ids.removeFirst() }
            count -= bytes
        }
    }

    private struct State {
        var images: [String: SeenImage] = [:]
        var order: [String] = []
        var next = 0
        var encoded: Bytes
        var latents: Bytes

        mutating func insert(_ image: SeenImage, as id: String) {
            images[id] = image
            if let bytes = image.image?.bytes.count { note(bytes, of: id, \.encoded) { $0.image = nil } }
            if let bytes = image.latent?.bytes.count { note(bytes, of: id, \.latents) { $0.latent = nil } }
        }

        mutating func remove(_ id: String) {
            encoded.forget(id, images[id]?.image?.bytes.count)
            latents.forget(id, images[id]?.latent?.bytes.count)
            images[id] = nil
        }

        /// Notes a part of an image, and drops that of the oldest while there is too much of it.
        private mutating func note(
            _ bytes: Int, of id: String, _ part: WritableKeyPath<State, Bytes>, drop: (inout SeenImage) -> Void
        ) {
            self[keyPath: part].ids.append(id)
            self[keyPath: part].count += bytes
            while self[keyPath: part].count > self[keyPath: part].limit {
                let oldest = self[keyPath: part].ids.removeFirst()
                guard var image = images[oldest] else { preconditionFailure("what has bytes is remembered") }
                let before = image.keptByteCount
                drop(&image)
                self[keyPath: part].count -= before - image.keptByteCount
                images[oldest] = image
            }
        }
    }

    private let state: Mutex<State>
    private let capacity: Int

    /// - Parameters:
    ///   - capacity: how many answers are remembered.
    ///   - imageByteLimit: how many bytes their images may take; older ones are taught without being kept.
    ///   - latentByteLimit: how many bytes their latents may take; older ones are taught without.
    init(capacity: Int, imageByteLimit: Int, latentByteLimit: Int) {
        self.capacity = capacity
        state = Mutex(State(encoded: Bytes(limit: imageByteLimit), latents: Bytes(limit: latentByteLimit)))
    }

    /// Keeps `image` in the place of the oldest, and returns the new answer's id.
    func insert(_ image: SeenImage) -> String {
        let id = Self.newID()
        state.withLock { state in
            if state.order.count < capacity {
                state.order.append(id)
            } else {
                state.remove(state.order[state.next])
                state.order[state.next] = id
            }
            state.next = (state.next + 1) % capacity
            state.insert(image, as: id)
        }
        return id
    }

    /// A random UUID (RFC 9562, section 5.4). Foundation's would open /dev/urandom for each.
    private static func newID() -> String {
        var generator = SystemRandomNumberGenerator()
        let high = generator.next() & ~0xf000 | 0x4000
        let low = generator.next() & ~(3 << 62) | 2 << 62
        return String(unsafeUninitializedCapacity: 36) { text in
            var place = 0
            func add(_ byte: UInt8) {
                text[place] = byte
                place += 1
            }
            for digit in 0..<32 {
                if 8...20 ~= digit && digit % 4 == 0 { add(UInt8(ascii: "-")) }
                let value = UInt8(truncatingIfNeeded: (digit < 16 ? high : low) >> (60 - digit % 16 * 4)) & 15
                add(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value)
            }
            return place
        }
    }

    subscript(id: String) -> SeenImage? { state.withLock { $0.images[id] } }
}

extension SeenImage {
    fileprivate var keptByteCount: Int { (image?.bytes.count ?? 0) + (latent?.bytes.count ?? 0) }
}
