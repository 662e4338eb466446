extension TuningRecipe {
    /// Everything that is wrong with the values, each said with what would be right; empty if nothing is.
    package var problems: [String] {
        var problems: [String] = []
        func check<Value: Comparable>(_ name: String, _ value: Value, _ allowed: ClosedRange<Value>) {
            // Not `contains`, which a value that is no number would not be found to lack.
            guard allowed.lowerBound <= value, value <= allowed.upperBound else {
                problems.append("\(name) is \(value), expected \(allowed.lowerBound) to \(allowed.upperBound)")
                return
            }
        }
        check("hidden", hidden, 1...8192)
        check("dropout", dropout, 0...0.95)
        check("weight_decay", weightDecay, 0...10)
        check("head_rate", headRate, 0...10)
        check("block_rate", blockRate, 0...10)
        for (name, rate) in blockRates.sorted(by: { $0.key < $1.key }) {
            check("block_rates of \(name)", rate, 0...10)
        }
        check("block_decay", blockDecay, 0...1)
        check("warm_up", warmUp, 0...1)
        check("epochs", epochs, 1...10_000)
        check("batch", batch, 1...1024)
        check("label_smoothing", labelSmoothing, 0...1)
        check("label_balance", labelBalance, 0...1)
        check("logit_adjustment", logitAdjustment, 0...1)
        if let patience { check("patience", patience, 1...10_000) }
        check("averaging_decay", averagingDecay, 0...0.999_999)
        check("averaged_epochs", averagedEpochs, 1...10_000)
        if patience != nil && !validation {
            problems.append("patience is set without validation, which it waits for: set validation")
        }
        if averaging == .epochs && validation {
            problems.append(
                "averaging of the last epochs cannot be combined with validation, which keeps the best: choose one")
        }
        if headStart == .solved && head == .mlp {
            problems.append("head_start solved needs a linear head: use head linear, or head_start random")
        }
        return problems
    }
}
