import GraftAPI
import GraftLearning
import GraftStore

/// The version that answered before the last swap, in shadow of the one that answers now: it takes over again by itself where
/// newly taught samples show that it was better.
extension Learner {
    /// Lets `next` answer, and keeps what answered until now as its shadow.
    func swap(to next: ActiveVersion) {
        if next.number != version.number { shadow = version }
        version = next
        publish()
    }

    /// The shadow that was there when the service stopped; nil where that cannot be used any more.
    func restoreShadow(fingerprint: String, featureCount: Int) async -> ActiveVersion? {
        guard let number = try? await store.shadowVersion(), number != version.number else { return nil }
        return try? await load(number, fingerprint: fingerprint, featureCount: featureCount)
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
            case .worse(let words): try await rollBack(to: previous, reason: "rolled back: \(words)")
            }
        } catch {
            logger.error("version \(version.number) could not be compared with the one before: \(error)")
        }
    }

    private func rollBack(to previous: ActiveVersion, reason: String) async throws(StoreError) {
        let worse = version.number
        try await store.rollBack(worse, to: previous.number, reason: reason)
        version = previous
        shadow = nil
        publish()
        events.send(.rolledBack(RolledBack(model: reference, previous: Int(worse), reason: reason)))
        logger.warning(
            "version rolled back", metadata: ["version": "\(worse)", "to": "\(previous.number)", "reason": "\(reason)"])
    }
}
