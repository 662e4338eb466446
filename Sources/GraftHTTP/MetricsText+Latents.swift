import GraftAPI

extension MetricsText {
    /// What blocks above the cut can be trained on.
    mutating func writeLatents(_ latents: KeptLatents?) {
        guard let latents else { return }
        gauge("graftd_latents", help: "Latents kept with their samples.", Double(latents.latents))
        gauge("graftd_latent_bytes", help: "Their bytes.", Double(latents.bytes))
        gauge("graftd_latent_limit_bytes", help: "The most bytes that latents may take.", Double(latents.byteLimit))
        counter(
            "graftd_evictions_total", help: "Latents evicted since the state was made.", Double(latents.evicted))
    }
}
