import Foundation
import GraftAPI
import GraftStore

extension GraftService {
    /// How the service is. It always answers: what the store cannot say is left out.
    package func status() async -> Status {
        let vision = live.current.vision
        let counts = try? await store.counts(fingerprint: vision?.backbone.fingerprint)
        let extraction = if let counts { await extraction(counts, vision) } else { ExtractionProgress?.none }
        let others = counts?.others.map(OtherBackbone.init) ?? []
        let samples = counts?.samples ?? 0
        // Last, so that it knows at least what was counted.
        let model = live.current
        let phase: Status.Phase =
            if isStopping { .stopping } else if model.vision == nil { .noBackbone } else if model.analytic == nil {
                .noLabels
            } else { .serving }
        return Status(
            program: Self.programVersion, phase: phase,
            summary: Self.summary(
                phase, lackOfBackbone: live.lackOfBackbone, model: model, samples: samples, others: others),
            pid: Int(ProcessInfo.processInfo.processIdentifier),
            uptimeSeconds: (ContinuousClock.now - started).seconds,
            backbone: model.vision.map { BackboneRecord($0.backbone, name: $0.name, loaded: true) },
            model: model.reference, labels: model.names.count, samples: samples,
            learnedSamples: model.learnedSamples, negatives: counts?.negatives ?? 0,
            otherSamples: counts?.otherSamples ?? 0, otherBackbones: others, extraction: extraction,
            kept: counts.map { keptImages($0.images) },
            latents: counts.map { keptLatents($0.latents, vision) }, prequentialAccuracy: counts?.prequentialAccuracy,
            training: await training.job, schedule: await scheduler.schedule(), shadow: await shadowRecord(),
            residentBytes: Self.residentBytes(), storeBytes: counts?.bytes ?? 0,
            threads: pool.threads, queued: pool.queued, decodeMilliseconds: timings.decode.median,
            inferenceMilliseconds: timings.inference.median, refitMilliseconds: timings.refit.median)
    }

    private static func summary(
        _ phase: Status.Phase, lackOfBackbone: String, model: LiveModel, samples: Int, others: [OtherBackbone]
    ) -> String {
        switch phase {
        case .noBackbone: lackOfBackbone
        case .noLabels: noLabelsHint(others)
        case .serving:
            "version \(model.reference.version), revision \(model.reference.revision): "
                + "\(model.names.count) labels from \(samples) samples"
        case .stopping: "stopping"
        }
    }

    /// Resident memory of this process, in bytes (proc(5), `statm`).
    private static func residentBytes() -> Int {
        let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
    }
}
