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
        var answers: [(id: AnswerID, image: SeenImage)?]
        var numbers: [AnswerID: Int] = [:]
        /// The number of the next answer.
        var next = 0
        var encoded: Budget
        var latents: Budget

        mutating func insert(_ image: SeenImage, as id: AnswerID) {
            let place = next % answers.count
            if let oldest = answers[place] {
                numbers[oldest.id] = nil
                encoded.bytes -= oldest.image.encodedByteCount
                latents.bytes -= oldest.image.latentByteCount
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
        let id = AnswerID()
        state.withLock { $0.insert(image, as: id) }
        return id.description
    }

    subscript(id: String) -> SeenImage? {
        guard let id = AnswerID(id) else { return nil }
        return state.withLock { state in
            state.numbers[id].flatMap { state.answers[$0 % state.answers.count]?.image }
        }
    }
}

/// A random UUID (RFC 9562, section 5.4). Foundation's would open /dev/urandom for each.
struct AnswerID: Hashable, Sendable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64

    init() {
        var generator = SystemRandomNumberGenerator()
        high = generator.next() & ~0xf000 | 0x4000
        low = generator.next() & ~(3 << 62) | 2 << 62
    }

    /// The id that `text` is, in letters of either case; nil for what is no UUID.
    init?(_ text: String) {
        var halves: (high: UInt64, low: UInt64) = (0, 0)
        var digits = 0
        for (place, character) in text.utf8.enumerated() {
            if Self.isHyphen(place) {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard digits < 32, let digit = Self.value(character) else { return nil }
            if digits < 16 { halves.high = halves.high << 4 | digit } else { halves.low = halves.low << 4 | digit }
            digits += 1
        }
        guard digits == 32 else { return nil }
        (high, low) = halves
    }

    var description: String {
        String(unsafeUninitializedCapacity: 36) { text in
            var place = 0
            func add(_ byte: UInt8) {
                text[place] = byte
                place += 1
            }
            for digit in 0..<32 {
                if Self.isHyphen(place) { add(UInt8(ascii: "-")) }
                let value = UInt8(truncatingIfNeeded: (digit < 16 ? high : low) >> (60 - digit % 16 * 4)) & 15
                add(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value)
            }
            return place
        }
    }

    private static func isHyphen(_ place: Int) -> Bool { place == 8 || place == 13 || place == 18 || place == 23 }

    private static func value(_ digit: UInt8) -> UInt64? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(digit - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(digit - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(digit - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}

extension SeenImage {
    fileprivate var encodedByteCount: Int { image?.bytes.count ?? 0 }
    fileprivate var latentByteCount: Int { latent?.bytes.count ?? 0 }
}
