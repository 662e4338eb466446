import Foundation
import GraftAPI
import GraftClient

/// What became of the files of one `teach`.
struct TeachReport: Encodable {
    struct Entry: Encodable {
        var file: String
        var reason: String
    }

    var taught = 0
    /// Of these, how many are nearly copies of images that were taught before.
    var nearDuplicates = 0
    /// The same bytes were taught before; with `--relabel`, perhaps under another label.
    var known = 0
    var conflicts: [Entry] = []
    /// Files that were not sent, or that the daemon could not read as images.
    var unreadable: [Entry] = []
    /// What the daemon refused for another reason.
    var refused: [Entry] = []
    /// Files that were left when something ended the run.
    var notReached = 0
    var imagesPerSecond = 0.0
    /// Of the newly taught images whose label could be guessed before, those that were guessed rightly.
    var guessed = 0
    var guessedRightly = 0

    mutating func add(_ result: Result<Taught, ImageFailure>, path: String) {
        switch result {
        case .success(let answer) where answer.duplicateOf != nil:
            known += 1
        case .success(let answer):
            taught += 1
            if answer.nearDuplicateOf != nil { nearDuplicates += 1 }
            // What is of none of the labels cannot be guessed rightly.
            guard let predicted = answer.predicted, answer.label != nil else { return }
            guessed += 1
            if predicted.label == answer.label { guessedRightly += 1 }
        case .failure(let failure):
            let entry = Entry(file: path, reason: failure.reason)
            switch failure {
            case .call(.problem(let problem)) where problem.kind == .labelConflict: conflicts.append(entry)
            case .call(.problem(let problem)) where Self.aboutImages.contains(problem.kind): unreadable.append(entry)
            case .file: unreadable.append(entry)
            case .call: refused.append(entry)
            }
        }
    }

    /// Why the command fails, if it does.
    func failure(skippingBad: Bool) -> CommandFailure? {
        let bad = skippingBad ? 0 : unreadable.count
        let failed = conflicts.count + refused.count + bad
        if failed > 0 { return CommandFailure("\(Words.count(failed, "file")) not taught") }
        return taught + known == 0 ? CommandFailure("nothing was taught") : nil
    }

    func print() {
        for (title, entries) in [
            ("known under another label (--relabel gives the new one)", conflicts),
            ("no readable images", unreadable), ("refused", refused),
        ] where !entries.isEmpty {
            Terminal.complain("\(Words.count(entries.count, "file")): \(title)")
            for entry in entries.sorted(by: { $0.file < $1.file }) {
                Terminal.complain("  \(entry.file): \(entry.reason)".printable)
            }
        }
        var line = "\(taught) taught, \(known) known already, \(conflicts.count) in conflict, "
        line += "\(unreadable.count) unreadable, \(refused.count) refused"
        if notReached > 0 { line += ", \(notReached) not reached" }
        line += ", \(String(format: "%.1f", imagesPerSecond)) images/s"
        Swift.print(line)
        if nearDuplicates > 0 {
            Swift.print("\(Words.count(nearDuplicates, "new image")) nearly the same as one taught before")
        }
        if guessed > 0 {
            let share = Double(guessedRightly) / Double(guessed)
            Swift.print("\(Words.percent(share)) of the new images were guessed rightly before they were learned")
        }
    }

    private static let aboutImages: Set<Problem.Kind?> = [
        .unreadableImage, .unsupportedImage, .imageTooLarge, .bodyTooLarge,
    ]
}
