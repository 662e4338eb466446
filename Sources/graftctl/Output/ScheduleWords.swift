import GraftAPI

extension TrainingSchedule {
    /// Whether training is due, and why or why not, in one line.
    var words: String {
        let wanted = reasons.joined(separator: ", ")
        if due { return "due: \(wanted)" }
        guard !reasons.isEmpty else {
            let hint = blockedBy.isEmpty ? "" : "; \(blockedBy.joined(separator: "; "))"
            return "not due: \(Words.count(newSamples, "new sample")) since the last training\(hint)"
        }
        return "waits with \(wanted): \(blockedBy.joined(separator: "; "))"
    }
}

extension ShadowRecord {
    /// How far the comparison with the version before is, in one line.
    var words: String {
        "version \(version), compared by \(Words.count(samples, "newly taught sample"))"
            + (samples < needed ? ", from \(needed) on" : "")
    }
}
