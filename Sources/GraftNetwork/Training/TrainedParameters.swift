import GraftTensor

/// The parameters of a top: those that train and their gradients, each kind in one stretch of memory; those of frozen
/// blocks; and the stored statistics, which stay as they are.
final class TrainedParameters {
    /// A parameter of filters.
    struct Slice {
        let values: UnsafeMutablePointer<Float>
        /// Of a frozen parameter, nothing to be read or written.
        let gradient: UnsafeMutablePointer<Float>
        let count: Int
    }

    /// Those that train, then those that are frozen.
    let values: FloatStorage
    let gradients: FloatStorage
    /// Floats of those that train, gaps included.
    let trainedCount: Int
    /// By name, where in both.
    private var places: [String: Range<Int>] = [:]
    /// By name.
    private var statistics: [String: [Float]] = [:]
    /// The parameters of each group, which follow each other.
    let groups: [Range<Int>]

    /// - Parameters:
    ///   - groups: What the parameters of each are.
    ///   - frozen: Those that do not train.
    init<E: Error>(
        _ groups: [[Parameter]], frozen: [Parameter] = [], elements: (Parameter) throws(E) -> [Float]
    ) throws(E) {
        // A group begins where a line of the caches does.
        let line = 16
        var ranges: [Range<Int>] = []
        var count = 0
        for group in groups {
            let begin = (count + line - 1) / line * line
            count = begin
            for parameter in group where !parameter.isStatistic {
                let size = parameter.shape.reduce(1, *)
                places[parameter.name] = count..<count + size
                count += size
            }
            ranges.append(begin..<count)
        }
        self.groups = ranges
        trainedCount = count
        gradients = FloatStorage(count: count)
        for parameter in frozen where !parameter.isStatistic {
            let size = parameter.shape.reduce(1, *)
            places[parameter.name] = count..<count + size
            count += size
        }
        values = FloatStorage(count: count)
        for parameter in groups.joined() + frozen {
            let found = try elements(parameter)
            precondition(found.count == parameter.shape.reduce(1, *), "\(parameter.name) has another shape")
            if let place = places[parameter.name] {
                (values.pointer + place.lowerBound).update(from: found, count: found.count)
            } else {
                statistics[parameter.name] = found
            }
        }
    }

    /// - Precondition: there is such a parameter; likewise below.
    func slice(_ name: String) -> Slice {
        let place = places[name]!
        return Slice(
            values: values.pointer + place.lowerBound,
            gradient: gradients.pointer + (place.lowerBound < trainedCount ? place.lowerBound : 0), count: place.count)
    }

    func stored(_ name: String) -> [Float] { statistics[name]! }

    func elements(_ name: String) -> [Float] { statistics[name] ?? values.elements(places[name]!) }

    /// - Precondition: it trains.
    func gradient(_ name: String) -> [Float] { gradients.elements(places[name]!) }
}

extension Parameter {
    /// Whether it is a mean or a variance, which training leaves as it is.
    package var isStatistic: Bool { name.hasSuffix(".mean") || name.hasSuffix(".variance") }
}
