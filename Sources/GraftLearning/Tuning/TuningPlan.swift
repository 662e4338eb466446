import Foundation

/// How much a tuning across folds takes on, chosen from counts alone, so that the same samples give the same plan on every
/// machine that is not too slow for it.
///
/// Models for one to five folds are tuned, each on the samples of all other folds. More of them are better, because what is
/// published is their mean, but not at the price of hardly training each: the most folds are taken for which each model sees
/// its samples ``leastEpochs`` times. Where even one fold leaves no time for one epoch, only some of the samples are learned.
package struct TuningPlan: Codable, Sendable, Equatable {
    /// How many folds are held out, one after the other.
    package var folds: Int
    package var epochs: Int
    /// How many samples of all folds together take part.
    package var samples: Int

    package init(folds: Int, epochs: Int, samples: Int) {
        (self.folds, self.epochs, self.samples) = (folds, epochs, samples)
    }

    /// Products a second while training, forward and back, on which plans count: what two cores of a desktop with AVX2
    /// manage. A slower machine takes on one of the smaller ``shares``.
    package static let multiplyAddsPerSecond = 0.9e11
    /// The parts of the usual work that a machine chooses from by its speed, descending: all of it where it is not slow, and
    /// then steps long enough that a slow one mostly chooses the same.
    package static let shares = (0..<16).map { pow(0.75, Double($0)) }
    /// The part of the time limit that learning, judging and publishing may take; the rest is for the head before.
    private static let workShare = 0.9
    /// What a look at a sample takes, of what learning from it takes: there is no way back.
    private static let lookShare = 0.45
    private static let learnedShare = Double(Folds.count - 1) / Double(Folds.count)
    private static let leastEpochs = 4
    /// Few samples are seen more often, so that a model takes about so many steps.
    private static let wantedSteps = 160
    private static let mostEpochs = 20

    /// How many latents can be learned from once, where each takes `multiplyAdds` on its way through.
    static func passes(multiplyAdds: Int, timeLimit: Duration) -> Double {
        // Back takes twice as much as forward: the gradients of weights and of values.
        workShare * (timeLimit / .seconds(1)) * multiplyAddsPerSecond / (3 * Double(multiplyAdds))
    }

    /// - Parameters:
    ///   - samples: Of labels that are learned, with latents.
    ///   - epochs: The fewest that are wanted, where there is time for them.
    ///   - multiplyAdds: Of one latent through the blocks.
    ///   - folds: The most that can be held out.
    ///   - judgings: How often each model is asked about the samples of its fold.
    ///   - share: The part of the usual work that is taken on.
    package init(
        samples: Int, epochs: Int, batch: Int, multiplyAdds: Int, timeLimit: Duration, folds: Int = Folds.count,
        judgings: Int, share: Double = 1
    ) {
        precondition(samples > 0 && folds > 0 && batch > 0)
        let count = Double(samples)
        let wanted = max(
            epochs, min(Self.mostEpochs, Int(Double(Self.wantedSteps * batch) / (Self.learnedShare * count))))
        let passes = Self.passes(multiplyAdds: multiplyAdds, timeLimit: timeLimit)
        // Whatever was learned from, all samples are looked at when it is published; but learning comes first.
        let time = passes - min(Self.lookShare * count, passes / 2)
        let judged = Self.judgedPerSample(judgings: judgings)
        func affordable(_ folds: Int) -> Double {
            share * min((time / (count * Double(folds)) - judged) / Self.learnedShare, Double(wanted))
        }
        self.folds = (1...folds).last { Int(affordable($0)) >= min(wanted, Self.leastEpochs) } ?? 1
        let affordable = affordable(self.folds)
        self.epochs = max(1, Int(affordable))
        guard affordable < 1 else {
            self.samples = samples
            return
        }
        let usual = min(time, count * (Self.learnedShare * Double(wanted) + judged))
        self.samples = max(min(samples, 2 * batch), min(samples, Int(share * usual / (Self.learnedShare + judged))))
    }

    /// How long it takes, in the time that learning from one sample takes.
    ///
    /// - Parameters:
    ///   - judgings: How often each model is asked about the samples of its fold.
    ///   - published: How many samples are looked at when it is published. No more time is set aside for that than for the
    ///     rest, as in the plan itself.
    package func work(judgings: Int, published: Int = 0) -> Double {
        let work =
            Double(folds * samples)
            * (Self.learnedShare * Double(epochs) + Self.judgedPerSample(judgings: judgings))
        return work + min(Self.lookShare * Double(published), work)
    }

    /// How long judging one model takes, divided by the samples of all folds, in the time that learning from one takes.
    private static func judgedPerSample(judgings: Int) -> Double {
        (1 - learnedShare) * Double(judgings) * lookShare
    }
}
