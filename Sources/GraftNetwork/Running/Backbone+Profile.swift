import GraftTensor

/// What one step of a plan does, and how long it takes.
package struct StepProfile: Sendable {
    /// Its block and layer, e.g. `blocks.1.expand`.
    package let layer: String
    /// The block alone; of several layers that are computed as one, that of the last.
    package let block: String
    package let input: MapShape
    package let output: MapShape
    package let algorithm: String
    package let multiplyAdds: Int
    /// The median of some passes.
    package let time: Duration

    /// Billions of floating-point operations in a second, two for each multiply-add of the layer's definition.
    package var gigaflops: Double { 2e-9 * Double(multiplyAdds) / (time / .seconds(1)) }
}

extension Backbone {
    /// How long each step takes: medians of `runs` passes over `image`, after one that is not counted.
    ///
    /// - Precondition: `runs` is at least 1; for the others see ``features(of:in:by:)``.
    package func profile(
        _ image: Tensor, in workspaces: Workspaces, by worker: Worker = .alone, runs: Int
    ) -> [StepProfile] {
        precondition(runs >= 1)
        let plan = blocks.plan
        var times = plan.steps.map { _ in [Duration]() }
        let clock = ContinuousClock()
        for run in 0...runs {
            var last = clock.now
            forward(
                image, in: workspaces, by: worker,
                observe: { s in
                    let now = clock.now
                    if run > 0 { times[s].append(now - last) }
                    last = clock.now
                }
            ) { _ in }
        }
        return plan.steps.indices.map { s in
            let step = plan.steps[s]
            return StepProfile(
                layer: "\(step.block).\(step.layer)", block: step.block, input: plan.maps[step.input],
                output: plan.maps[step.output],
                algorithm: step.operation.description, multiplyAdds: plan.multiplyAdds(of: s),
                time: times[s].sorted()[runs / 2])
        }
    }
}
