import GraftCheckpoint
import GraftNetwork

/// How well a checkpoint's weights fit an architecture.
package struct Fit: Codable, Sendable, Equatable {
    package let architecture: String
    /// Parameters that the checkpoint has.
    package let matched: Int
    package let missing: Int
    package let otherShape: Int
    /// Tensors that the architecture does not know.
    package let unexpected: Int

    /// Whether it can be imported as it is.
    package var isComplete: Bool { missing == 0 && otherShape == 0 }

    /// In a few words.
    package var summary: String {
        let parts = [
            "\(matched) of \(matched + missing + otherShape) weights",
            otherShape == 0 ? nil : "\(otherShape) of another shape", unexpected == 0 ? nil : "\(unexpected) unknown",
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }

    /// The fits of `source` to all architectures that have a use for one tensor at least, the best first: those that are
    /// complete, then those with most of their weights; those that leave fewer tensors over before others.
    package static func all(of source: StateDict) throws(ImportError) -> [Fit] {
        var fits: [Fit] = []
        for architecture in Architecture.all {
            let report = try Mapping(source, onto: architecture, wantsElements: false).report
            let fit = Fit(
                architecture: architecture.name, matched: report.matched.count, missing: report.missing.count,
                otherShape: report.otherShape.count, unexpected: report.unexpected.count)
            if fit.matched > 0 { fits.append(fit) }
        }
        return fits.enumerated().sorted { a, b in
            let (first, second) = (a.element.rank, b.element.rank)
            return first == second ? a.offset < b.offset : first.lexicographicallyPrecedes(second)
        }.map(\.element)
    }

    /// The smaller the better.
    private var rank: [Int] {
        let share = matched * 1000 / (matched + missing + otherShape)
        return isComplete ? [0, unexpected] : [1, -share, unexpected]
    }

    /// The architecture that `source` fits whole.
    ///
    /// - Throws: `noArchitecture` with the nearest if there is none.
    static func architecture(of source: StateDict) throws(ImportError) -> Architecture {
        let fits = try all(of: source)
        guard let best = fits.first, best.isComplete, let architecture = Architecture.named(best.architecture) else {
            throw .noArchitecture(nearest: Array(fits.prefix(3)))
        }
        return architecture
    }
}
