import GraftTensor

/// Σ x·xᵀ over samples x of integers: symmetric, `[D, D]`, every element an integer held in a 64-bit float.
///
/// Stored as panels of rows from the diagonal to the right, which takes little more memory than a packed triangle
/// (7.2 MB at D = 1280), and gives every row of a panel one length, so that products can read and write panels where they
/// are. The squares on the diagonal are complete.
struct SecondMoment: Sendable, Equatable {
    /// Rows of a panel; the last may have fewer.
    static let panelRows = 128
    /// D.
    let order: Int
    /// Panel p holds rows `rows(p)` and columns `rows(p).lowerBound..<order`.
    private(set) var panels: [[Double]]

    /// Zero.
    init(order: Int) {
        precondition(order >= 0)
        self.order = order
        panels = []
        panels = (0..<Self.panelCount(order: order)).map { panel in
            [Double](repeating: 0, count: Self.elementCount(ofPanel: panel, order: order))
        }
    }

    /// - Precondition: the panels have the lengths that `order` asks for, and their squares are symmetric.
    init(order: Int, panels: [[Double]]) {
        precondition(
            panels.count == Self.panelCount(order: order)
                && panels.indices.allSatisfy {
                    panels[$0].count == Self.elementCount(ofPanel: $0, order: order)
                })
        self.order = order
        self.panels = panels
    }

    static func panelCount(order: Int) -> Int { (order + panelRows - 1) / panelRows }

    static func elementCount(ofPanel panel: Int, order: Int) -> Int {
        let first = panel * panelRows
        return min(panelRows, order - first) * (order - first)
    }

    /// The rows that `panel` holds.
    func rows(ofPanel panel: Int) -> Range<Int> {
        panel * Self.panelRows..<min((panel + 1) * Self.panelRows, order)
    }

    /// Adds `weight · Σ x·xᵀ` over the rows x of `samples` `[count, D]`.
    ///
    /// Whatever the order of the products: each is an integer below 2³⁰, and exact, as is every sum below 2⁵³.
    mutating func add(_ samples: [Double], count: Int, weight: Double) {
        precondition(samples.count == count * order)
        for panel in panels.indices {
            let rows = rows(ofPanel: panel)
            BLAS.multiply(
                .init(samples, offset: rows.lowerBound, stride: order, transposed: true),
                .init(samples, offset: rows.lowerBound, stride: order),
                rows: rows.count, columns: order - rows.lowerBound, depth: count, scale: weight, keep: 1,
                into: &panels[panel], stride: order - rows.lowerBound)
        }
    }

    /// Adds `weight · other`.
    mutating func add(_ other: SecondMoment, weight: Double) {
        precondition(other.order == order)
        for panel in panels.indices { BLAS.add(other.panels[panel], scale: weight, to: &panels[panel]) }
    }

    /// The elements on the diagonal `[D]`.
    var diagonal: [Double] {
        (0..<order).map { row in
            let panel = row / Self.panelRows
            let first = panel * Self.panelRows
            return panels[panel][(row - first) * (order - first) + row - first]
        }
    }

    /// `a` times this, with `a` `[count, D]`. `[count, D]`
    func product(withRows a: [Double], count: Int) -> [Double] {
        precondition(a.count == count * order)
        var result = [Double](repeating: 0, count: a.count)
        for panel in panels.indices {
            let rows = rows(ofPanel: panel)
            let width = order - rows.lowerBound
            BLAS.multiply(
                .init(a, offset: rows.lowerBound, stride: order), .init(panels[panel], stride: width),
                rows: count, columns: width, depth: rows.count, keep: 1, into: &result, offset: rows.lowerBound,
                stride: order)
            // The same elements once more, as the columns they are below the diagonal.
            let below = order - rows.upperBound
            if below > 0 {
                BLAS.multiply(
                    .init(a, offset: rows.upperBound, stride: order),
                    .init(panels[panel], offset: rows.count, stride: width, transposed: true),
                    rows: count, columns: rows.count, depth: below, keep: 1, into: &result,
                    offset: rows.lowerBound, stride: order)
            }
        }
        return result
    }
}
