extension Sequence where Element == Double {
    /// The smallest value that at least the share `fraction` (in `0...1`) of all values does not exceed (the
    /// nearest-rank percentile); nil without values.
    package func percentile(_ fraction: Double) -> Double? {
        precondition((0...1).contains(fraction))
        let values = sorted()
        guard !values.isEmpty else { return nil }
        return values[Swift.max(0, Int((fraction * Double(values.count)).rounded(.up)) - 1)]
    }
}
