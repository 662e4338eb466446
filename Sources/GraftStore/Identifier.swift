import Foundation

/// Names of samples and jobs: UUIDs of version 7 (RFC 9562), which sort by the millisecond they were made in.
package enum Identifier {
    package static func make(at date: Date = Date()) -> String {
        var generator = SystemRandomNumberGenerator()
        return make(milliseconds: date.milliseconds, random: (generator.next(), generator.next()))
    }

    /// The identifier of a time and of random bits, of which 12 and 62 are used.
    package static func make(milliseconds: Int64, random: (UInt64, UInt64)) -> String {
        let high = UInt64(milliseconds) << 16 | 0x7000 | random.0 & 0x0fff
        let low = 0x8000_0000_0000_0000 | random.1 & 0x3fff_ffff_ffff_ffff
        let digits = Array(String(format: "%016lx%016lx", high, low))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
    }
}

extension Date {
    /// Milliseconds since 1970, as times are stored.
    package var milliseconds: Int64 { Int64((timeIntervalSince1970 * 1000).rounded()) }

    package init(milliseconds: Int64) { self.init(timeIntervalSince1970: Double(milliseconds) / 1000) }
}
