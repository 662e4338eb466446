/// Decides whether a training job is due, from facts alone.
///
/// There has to be something to learn: enough new samples, or one correction. Then training waits until nobody teaches, until
/// the last training is long enough ago, and until the machine can afford it. After trainings that came to nothing it waits
/// longer each time.
package struct TrainingRule: Sendable, Equatable {
    package var samples: Int
    package var quiet: Duration
    package var interval: Duration
    /// In per cent; 0 for any.
    package var minimumBattery: Int
    /// In degrees Celsius; 0 for any.
    package var maximumTemperature: Int

    /// The shortest first wait after a training that came to nothing, and the longest one of all.
    static let firstBackOff = Duration.seconds(60)
    static let longestBackOff = Duration.seconds(86_400)

    package init(_ configuration: Configuration) {
        samples = configuration.trainAfterSamples
        quiet = .seconds(configuration.trainQuietSeconds)
        interval = .seconds(configuration.trainIntervalSeconds)
        minimumBattery = configuration.trainMinimumBattery
        maximumTemperature = configuration.trainMaximumTemperature
    }

    package func decide(_ facts: TrainingFacts) -> TrainingDecision {
        var reasons: [TrainingDecision.Reason] = []
        if facts.newSamples >= samples { reasons.append(.newSamples(facts.newSamples)) }
        if facts.corrections > 0 { reasons.append(.corrections(facts.corrections)) }
        guard !reasons.isEmpty else { return TrainingDecision(reasons: [], obstacles: []) }

        var obstacles: [TrainingDecision.Obstacle] = []
        if let job = facts.runningJob { obstacles.append(.runs(job: job)) }
        if let lack = facts.lack { obstacles.append(.lacks(lack)) }
        if facts.sinceChange < quiet { obstacles.append(.notQuiet(left: quiet - facts.sinceChange)) }
        if let since = facts.sinceTraining {
            let wait = wait(after: facts.setbacks)
            if since < wait {
                obstacles.append(
                    facts.setbacks > 0
                        ? .backsOff(setbacks: facts.setbacks, left: wait - since) : .tooSoon(left: wait - since))
            }
        }
        if minimumBattery > 0, let battery = facts.machine.battery, battery.level < minimumBattery {
            obstacles.append(.batteryLow(battery, minimum: minimumBattery))
        }
        if maximumTemperature > 0, let found = facts.machine.temperature, found.degrees > Double(maximumTemperature) {
            obstacles.append(.tooHot(found, maximum: maximumTemperature))
        }
        return TrainingDecision(reasons: reasons, obstacles: obstacles)
    }

    /// How long after a training the next one may start, when it and those before it, `setbacks` in all, came to nothing.
    private func wait(after setbacks: Int) -> Duration {
        guard setbacks > 0 else { return interval }
        let first = max(interval, Self.firstBackOff)
        // Doubled at most so often that a minute becomes a day.
        return max(interval, min(first * (1 << min(setbacks - 1, 11)), Self.longestBackOff))
    }
}

/// What a decision is made from.
package struct TrainingFacts: Sendable, Equatable {
    /// Samples taught, and samples relabelled or forgotten, since the last training's snapshot.
    package var newSamples = 0
    package var corrections = 0
    /// Since anything was learned; since the start, where nothing was.
    package var sinceChange = Duration.zero
    /// Since the last training ended; nil before the first.
    package var sinceTraining: Duration?
    /// How many trainings in a row came to nothing: failed, kept back, or rolled back.
    package var setbacks = 0
    package var runningJob: String?
    /// Why nothing can be trained at all, in words; nil where it can.
    package var lack: String?
    package var machine = MachineState()

    package init() {}
}

/// Whether a job is due, and why or why not.
package struct TrainingDecision: Sendable, Equatable {
    package enum Reason: Sendable, Equatable, CustomStringConvertible {
        case newSamples(Int)
        case corrections(Int)

        package var description: String {
            switch self {
            case .newSamples(let count): count == 1 ? "1 new sample" : "\(count) new samples"
            case .corrections(let count):
                count == 1 ? "1 sample relabelled or forgotten" : "\(count) samples relabelled or forgotten"
            }
        }
    }

    package enum Obstacle: Sendable, Equatable, CustomStringConvertible {
        case runs(job: String)
        case lacks(String)
        case notQuiet(left: Duration)
        case tooSoon(left: Duration)
        case backsOff(setbacks: Int, left: Duration)
        case batteryLow(MachineState.Battery, minimum: Int)
        case tooHot(MachineState.Temperature, maximum: Int)

        /// How long it lasts; nil where that is not known.
        package var left: Duration? {
            switch self {
            case .notQuiet(let left), .tooSoon(let left), .backsOff(_, let left): left
            case .runs, .lacks, .batteryLow, .tooHot: nil
            }
        }

        package var description: String {
            func seconds(_ duration: Duration) -> String { "\(Int(duration.seconds.rounded(.up))) s" }
            return switch self {
            case .runs(let job): "job \(job) runs"
            case .lacks(let lack): lack
            case .notQuiet(let left): "samples are being taught: quiet is awaited for \(seconds(left))"
            case .tooSoon(let left): "the last training was too recent by \(seconds(left))"
            case .backsOff(let setbacks, let left):
                "the last \(setbacks == 1 ? "training" : "\(setbacks) trainings") came to nothing: the next is put off for "
                    + seconds(left)
            case .batteryLow(let battery, let minimum):
                "battery \(battery.name) is at \(battery.level) %, below \(minimum) %"
            case .tooHot(let found, let maximum):
                "\(found.name) is at \(Int(found.degrees.rounded())) °C, above \(maximum) °C"
            }
        }

        /// What it is, whatever the numbers.
        fileprivate var kind: String {
            switch self {
            case .runs: "runs"
            case .lacks: "lacks"
            case .notQuiet: "not quiet"
            case .tooSoon: "too soon"
            case .backsOff: "backs off"
            case .batteryLow: "battery low"
            case .tooHot: "too hot"
            }
        }
    }

    package var reasons: [Reason]
    package var obstacles: [Obstacle]

    package init(reasons: [Reason], obstacles: [Obstacle]) {
        self.reasons = reasons
        self.obstacles = obstacles
    }

    package var isDue: Bool { !reasons.isEmpty && obstacles.isEmpty }

    /// After how long a job will be due, where it waits for nothing but time.
    package var left: Duration? {
        guard !reasons.isEmpty, obstacles.allSatisfy({ $0.left != nil }) else { return nil }
        return obstacles.compactMap(\.left).max() ?? .zero
    }

    /// The same for decisions that differ in numbers only.
    package var kind: [String] {
        reasons.isEmpty ? [] : [isDue ? "due" : "waits"] + obstacles.map(\.kind)
    }
}
