import ArgumentParser
import Foundation
import GraftLearning

/// How well novelty tells images of labels that were not taught.
struct Unknown: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Withholds labels, and measures how novel their images and those of the others are.",
        discussion: """
            --train and --test are given as for graftbench head, once or several times; each draw takes the next pair, \
            teaches all labels but --withhold of them, and asks about the whole test set. With --negatives, half of the \
            withheld labels are taught as examples of none.
            """)

    @Option(help: "The beginning of the names of training files.") var train: [String]
    @Option(help: "The beginning of the names of test files.") var test: [String]
    @Option(help: "Labels that are not taught.") var withhold = 5
    @Option(help: "Draws of these labels.") var draws = 5
    @Option(help: "The first draw's seed.") var seed: UInt64 = 0
    @Option(help: "Known samples that novelty is measured against.") var known = 256
    @Flag(help: "Choose shrinkage and temperature by training, rather than to guess them.") var calibrate = false
    @Flag(help: "Teach half of the withheld labels as examples of none.") var negatives = false

    func validate() throws {
        guard !train.isEmpty, train.count == test.count, withhold > 0, draws > 0, known > 0 else {
            throw ValidationError("as many --train as --test, and numbers from 1 on")
        }
    }

    func run() throws {
        let files = try zip(train, test).map { (try FeatureFiles(prefix: $0), try FeatureFiles(prefix: $1)) }
        var results: [DrawResult] = []
        for draw in 0..<draws {
            let (train, test) = files[draw % files.count]
            let result = try measure(train, test, draw: UInt64(draw))
            print(
                "draw \(draw): withheld \(result.withheld.map(String.init).joined(separator: ", "))", result.numbers,
                separator: "; ")
            results.append(result)
        }
        func mean(_ value: (DrawResult) -> Double) -> Double {
            results.reduce(0) { $0 + value($1) } / Double(results.count)
        }
        print(
            DrawResult(
                withheld: [], area: mean(\.area), negativeArea: negatives ? mean { $0.negativeArea ?? 0 } : nil,
                knownFlagged: mean(\.knownFlagged), unknownFlagged: mean(\.unknownFlagged),
                milliseconds: mean(\.milliseconds), scaleMilliseconds: mean(\.scaleMilliseconds)
            ).numbers)
    }

    private struct DrawResult {
        var withheld: [Int]
        /// Under the curve, of images of withheld labels of which nothing was taught.
        var area: Double
        /// The same of those that were taught as examples of none.
        var negativeArea: Double?
        var knownFlagged: Double
        var unknownFlagged: Double
        var milliseconds: Double
        var scaleMilliseconds: Double

        var numbers: String {
            String(
                format:
                    "area %.4f%@, called unknown: %.1f %% of known and %.1f %% of withheld; %.3f ms an answer, %.1f ms "
                    + "the scale", area, negativeArea.map { String(format: " (taught as none: %.4f)", $0) } ?? "",
                100 * knownFlagged, 100 * unknownFlagged, milliseconds, scaleMilliseconds)
        }
    }

    private func measure(_ train: FeatureFiles, _ test: FeatureFiles, draw: UInt64) throws -> DrawResult {
        let drawn = drawnLabels(of: train, draw: draw)
        let asNegatives = negatives ? Set(drawn.prefix(drawn.count / 2)) : []
        let withheld = Set(drawn).subtracting(asNegatives)

        var set = TrainingSet(featureCount: train.featureCount)
        var statistics = LabelStatistics(featureCount: train.featureCount)
        var sketches = SketchIndex()
        for row in 0..<train.count where !withheld.contains(train.labels[row]) {
            let features = RootFeatures(quantizing: train[row])
            if asNegatives.contains(train.labels[row]) {
                try statistics.add(features, label: LabelStatistics.background)
                continue
            }
            let label = Int64(train.labels[row])
            try statistics.add(features, label: label)
            sketches.add("\(row)", label: label, sketch: FeatureSketch(features), isOriginal: true)
            set.append(features, label: label, fold: Folds.fold(ofGroup: "\(row)"))
        }
        // By the hash that folds are made with, so as good as drawn by lot.
        let rows = (0..<set.count).sorted { hash($0) < hash($1) }.prefix(known)
        let novelty = Novelty(
            statistics, calibration: calibrate ? try HeadTraining().train(set).calibration : nil,
            known: rows.map {
                KnownSample(label: set.labels[$0], features: RootFeatures(values: Array(set.features[$0])))
            }, sketches: sketches)
        let clock = ContinuousClock()
        let scaleTime = clock.measure { _ = novelty.scale }
        var answers: [(label: Int, novelty: Float)] = []
        let time = clock.measure {
            for row in 0..<test.count {
                answers.append((test.labels[row], novelty.novelty(of: ImageFeatures(test[row]))))
            }
        }
        let knownAnswers = answers.filter { !withheld.contains($0.label) && !asNegatives.contains($0.label) }
        let others = answers.filter { withheld.contains($0.label) }
        let taughtAsNone = answers.filter { asNegatives.contains($0.label) }
        func flagged(_ answers: [(label: Int, novelty: Float)]) -> Double {
            Double(answers.count { $0.novelty > NoveltyScale.unknownFrom }) / Double(max(answers.count, 1))
        }
        return DrawResult(
            withheld: drawn, area: area(knownAnswers.map(\.novelty), others.map(\.novelty)),
            negativeArea: negatives ? area(knownAnswers.map(\.novelty), taughtAsNone.map(\.novelty)) : nil,
            knownFlagged: flagged(knownAnswers), unknownFlagged: flagged(others),
            milliseconds: time / .milliseconds(1) / Double(test.count), scaleMilliseconds: scaleTime / .milliseconds(1))
    }

    private func drawnLabels(of files: FeatureFiles, draw: UInt64) -> [Int] {
        Set(files.labels).sorted { hash($0, seed: seed &+ draw) < hash($1, seed: seed &+ draw) }.prefix(withhold).map {
            $0
        }
    }

    /// SplitMix64's.
    private func hash(_ number: Int, seed: UInt64 = 0) -> UInt64 {
        var z = (UInt64(number) &+ 1) &* 0x9e37_79b9_7f4a_7c15 &+ (seed &+ 1) &* 0xd134_2543_de82_ef95
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    /// The probability that of one of each the unknown one is the more novel; ties count half.
    private func area(_ known: [Float], _ unknown: [Float]) -> Double {
        let won = unknown.reduce(0.0) { sum, u in sum + known.reduce(0.0) { $0 + ($1 < u ? 1 : $1 == u ? 0.5 : 0) } }
        return won / Double(max(known.count * unknown.count, 1))
    }
}
