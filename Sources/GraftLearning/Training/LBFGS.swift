import GraftTensor

/// Minimises a smooth convex function of many variables from its gradient: limited-memory BFGS (Nocedal and Wright:
/// Numerical Optimization, algorithms 7.4 and 7.5).
///
/// Points and gradients are held in 32 bits, as the gradients are computed; products of two of them are summed in 64.
package struct LBFGS: Sendable {
    /// How many past steps shape the next.
    package var memory = 10
    package var iterationLimit = 500
    /// Stops when no component of the gradient is larger.
    package var gradientTolerance: Float = 1e-5
    /// Stops when an iteration lowers the loss by less than this fraction of it.
    package var lossTolerance = 1e-7

    package init() {}

    package struct Minimum: Sendable {
        package var parameters: [Float]
        package var loss: Double
        /// Steps taken.
        package var iterations: Int
    }

    /// The minimum that is found from `start`. `loss` gives the value and the gradient at a point; what it throws ends the
    /// search.
    ///
    /// Each step only has to lower the loss by a fraction of what its slope promises: for a convex function that keeps
    /// the curvature positive, which is all that the update asks for.
    package func minimize<Failure: Error>(
        from start: [Float], loss: ([Float]) throws(Failure) -> (value: Double, gradient: [Float])
    ) throws(Failure) -> Minimum {
        var parameters = start
        var current = try loss(parameters)
        var history = History(limit: memory)
        var iterations = 0
        while iterations < iterationLimit && BLAS.largestMagnitude(current.gradient) > gradientTolerance {
            var direction = history.direction(current.gradient)
            var slope = BLAS.dot(direction, current.gradient)
            if slope >= 0 {
                // Rounding has spoilt the model of the curvature; begin again from the gradient.
                history = History(limit: memory)
                direction = history.direction(current.gradient)
                slope = -BLAS.dot(current.gradient, current.gradient)
            }
            var length = history.isEmpty ? 1 / max(1, (-slope).squareRoot()) : 1
            var next: (parameters: [Float], value: Double, gradient: [Float])?
            for _ in 0..<20 {
                var tried = parameters
                BLAS.add(direction, scale: Float(length), to: &tried)
                let there = try loss(tried)
                if there.value <= current.value + 1e-4 * length * slope {
                    next = (tried, there.value, there.gradient)
                    break
                }
                // The minimum of the parabola through both values and the slope here, but no tiny step.
                let bend = there.value - current.value - length * slope
                length *= bend > 0 ? min(0.5, max(0.1, -slope * length / (2 * bend))) : 0.5
            }
            // Where no step helps, what is left is below the noise of 32-bit sums.
            guard let next else { break }
            BLAS.scale(&direction, by: Float(length))
            var change = next.gradient
            BLAS.add(current.gradient, scale: -1, to: &change)
            history.add(step: direction, change: change)
            let gain = current.value - next.value
            (parameters, current) = (next.parameters, (next.value, next.gradient))
            iterations += 1
            if gain <= lossTolerance * current.value.magnitude { break }
        }
        return Minimum(parameters: parameters, loss: current.value, iterations: iterations)
    }
}

/// The last steps and what they changed in the gradient.
private struct History {
    private struct Pair {
        var step: [Float]
        var change: [Float]
        /// step · change.
        var curvature: Double
    }

    private let limit: Int
    private var pairs: [Pair] = []

    init(limit: Int) { self.limit = limit }

    var isEmpty: Bool { pairs.isEmpty }

    mutating func add(step: [Float], change: [Float]) {
        let curvature = BLAS.dot(step, change)
        // Below this the pair is noise, and dividing by it would be worse than forgetting it.
        guard curvature > 1e-10 * (BLAS.dot(change, change) * BLAS.dot(step, step)).squareRoot() else { return }
        if pairs.count == limit { pairs.removeFirst() }
        pairs.append(Pair(step: step, change: change, curvature: curvature))
    }

    /// Less the inverse Hessian, as the pairs show it, times `gradient`: the two-loop recursion.
    func direction(_ gradient: [Float]) -> [Float] {
        var direction = gradient
        BLAS.scale(&direction, by: -1)
        var weights: [Double] = []
        for pair in pairs.reversed() {
            let weight = BLAS.dot(pair.step, direction) / pair.curvature
            BLAS.add(pair.change, scale: Float(-weight), to: &direction)
            weights.append(weight)
        }
        if let last = pairs.last {
            BLAS.scale(&direction, by: Float(last.curvature / BLAS.dot(last.change, last.change)))
        }
        for (pair, weight) in zip(pairs, weights.reversed()) {
            let scale = weight - BLAS.dot(pair.change, direction) / pair.curvature
            BLAS.add(pair.step, scale: Float(scale), to: &direction)
        }
        return direction
    }
}
