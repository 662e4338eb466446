import GraftAPI
import GraftLearning
import GraftStore

/// The version that answered before the last swap, in shadow of the one that answers now: it takes over again by itself where
/// newly taught samples show that it was better.
extension Learner {
    /// What `before` is as the shadow of `next`.
    func makeShadow(of before: ActiveVersion, beside next: ActiveVersion) -> Shadow? {
        guard before.top?.version != next.top?.version else { return Shadow(before: before, alone: nil) }
        if let head = before.head { return Shadow(before: before, alone: head) }
        // Version 0 sees what the backbone gives; it has an answer only where something is known.
        guard statistics.labelCount > 0 else { return nil }
        return Shadow(before: before, alone: .linear(AnalyticHead(statistics).linear))
    }

    /// The shadow that was there when the service stopped; nil where that cannot be used any more.
    func restoreShadow(_ vision: Vision) async -> Shadow? {
        guard let number = try? await store.shadowVersion(), number != version.number,
            let before = try? await load(number, vision: vision)
        else { return nil }
        return makeShadow(of: before, beside: version)
    }

    /// Looks at what both versions said of what was taught since the swap, and goes back where that shows the new one worse.
    ///
    /// A store that fails here has failed nobody: the next taught sample asks again.
    func judgeShadow() async {
        guard let previous = shadow else { return }
        do {
            let samples = try await store.shadowedSamples()
            let verdict = ShadowTest().judge(
                truth: samples.map(\.label), live: samples.map(\.live), shadow: samples.map(\.shadow),
                names: names)
            switch verdict {
            case .open: return
            case .passed:
                try await store.endShadow()
                shadow = nil
                publish()
                logger.notice(
                    "version stood its test in use",
                    metadata: ["version": "\(version.number)", "samples": "\(samples.count)"])
            case .worse(let words): try await rollBack(to: previous.before, reason: "rolled back: \(words)")
            }
        } catch {
            logger.error("version \(version.number) could not be compared with the one before: \(error)")
        }
    }

    private func rollBack(to previous: ActiveVersion, reason: String) async throws(Problem) {
        let worse = version.number
        try await exchange(previous) { [store] in
            try await store.rollBack(worse, to: previous.number, reason: reason)
        }
        shadow = nil
        publish()
        events.send(.rolledBack(RolledBack(model: reference, previous: Int(worse), reason: reason)))
        logger.warning(
            "version rolled back",
            metadata: .event(
                .rolledBack, ["version": "\(previous.number)", "from": "\(worse)", "reason": "\(reason)"]))
    }
}
