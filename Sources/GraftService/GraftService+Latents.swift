import GraftAPI
import GraftStore

extension GraftService {
    /// What is kept of latents, and where `vision` takes them.
    func keptLatents(_ counts: LatentCounts, _ vision: Vision?) -> KeptLatents {
        KeptLatents(
            format: configuration.latents?.rawValue ?? "none", cut: vision?.backbone.cut?.name,
            latents: counts.latents, bytes: counts.bytes, byteLimit: configuration.latentLimit, evicted: counts.evicted)
    }
}
