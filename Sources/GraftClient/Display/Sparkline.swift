/// Numbers as a row of bars, one column each.
package enum Sparkline {
    private static let blocks = Array("▁▂▃▄▅▆▇█")
    private static let ascii = Array("_.-=+*%#")

    /// `values` from the smallest, the lowest bar, to the largest, the highest; bars of equal values are of half height.
    ///
    /// - Parameter unicode: Whether block characters may be used; else characters of ASCII stand for them.
    package static func text(_ values: [Double], unicode: Bool = true) -> String {
        let bars = unicode ? blocks : ascii
        let finite = values.filter(\.isFinite)
        guard let least = finite.min(), let most = finite.max() else { return "" }
        return String(
            values.map { value in
                guard value.isFinite else { return " " }
                guard most > least else { return bars[bars.count / 2 - 1] }
                let height = (value - least) / (most - least) * Double(bars.count - 1)
                return bars[Int(height.rounded())]
            })
    }
}
