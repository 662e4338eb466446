import GraftAPI
import GraftStore

/// What became of samples that were taught under another backbone.
extension GraftService {
    /// How far the loaded backbone is; nil without one.
    ///
    /// A sample that is durable but cannot be answered yet still waits.
    func extraction(_ counts: StoreCounts, _ vision: Vision?) async -> ExtractionProgress? {
        guard let vision else { return nil }
        let fingerprint = vision.backbone.fingerprint
        let running = await extractor.progress.flatMap { $0.fingerprint == fingerprint ? $0.waiting : nil }
        let waiting = max(counts.waiting, min(running ?? 0, counts.waiting + counts.relearned))
        return ExtractionProgress(
            backbone: vision.name, fingerprint: fingerprint, done: counts.relearned + counts.waiting - waiting,
            waiting: waiting, unreadable: counts.unreadable)
    }

    func keptImages(_ counts: ImageCounts) -> KeptImages {
        KeptImages(
            keep: configuration.keep.rawValue, images: counts.images, bytes: counts.bytes,
            byteLimit: configuration.keepLimit)
    }

    /// Why the loaded backbone knows no label, and what to do.
    func noLabelsHint(_ vision: Vision) async -> String {
        let counts = try? await store.counts(fingerprint: vision.backbone.fingerprint)
        return Self.noLabelsHint(counts?.others.map(OtherBackbone.init) ?? [])
    }

    static func noLabelsHint(_ others: [OtherBackbone]) -> String {
        let waiting = others.reduce(0) { $0 + $1.waiting }
        if waiting > 0 { return "no label under this backbone yet: \(waiting) samples wait to be extracted again" }
        let samples = others.reduce(0) { $0 + $1.samples }
        if samples > 0 {
            let names = others.map { $0.name ?? String($0.fingerprint.prefix(12)) }
            return "no label under this backbone yet: \(samples) samples stay with \(names.joined(separator: ", ")), "
                + "because they have no image to extract again; import that backbone again, or teach them again"
        }
        return "no label yet: teach one with `graftctl teach --label L FILE`"
    }
}

extension OtherBackbone {
    init(_ counts: OtherBackboneCounts) {
        self.init(
            fingerprint: counts.fingerprint, name: counts.name, samples: counts.samples, waiting: counts.waiting,
            unreadable: counts.unreadable)
    }
}
