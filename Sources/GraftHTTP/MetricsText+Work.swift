import GraftService

extension MetricsText {
    /// Everything that there is to say.
    init(_ service: GraftService, _ requests: RequestMetrics, _ access: AccessControl) async {
        requests.write(to: &self)
        access.write(to: &self)
        write(service.timings)
        write(service.trainingEndings)
        write(eventCounts: service.events.counts)
        let status = await service.status()
        write(status)
        writeExtraction(status)
        writeLatents(status.latents)
        if let process = ProcessMetrics() { write(process) }
    }

    /// How long images took, by part.
    mutating func write(_ timings: ServiceTimings) {
        let parts: [(name: String, help: String, timings: Timings)] = [
            ("graftd_queue_seconds", "Time that images waited for a thread.", timings.queue),
            ("graftd_decode_seconds", "Time to decode and resize an image.", timings.decode),
            ("graftd_inference_seconds", "Time of the network and of the head.", timings.inference),
            ("graftd_refit_seconds", "Time to solve the analytic head after a change.", timings.refit),
        ]
        for part in parts {
            family(part.name, type: "histogram", help: part.help)
            sample(part.name, [], part.timings.histogram)
        }
    }

    /// How training jobs ended since the start, and how long they took.
    mutating func write(_ endings: TrainingEndings) {
        let sorted = endings.durations.sorted { $0.key.rawValue < $1.key.rawValue }
        family("graftd_training_seconds", type: "histogram", help: "Time of training jobs by outcome.")
        for (state, durations) in sorted { sample("graftd_training_seconds", [("outcome", state.rawValue)], durations) }
    }

    /// What was told to whoever listens: taught samples, published and rolled back versions.
    mutating func write(eventCounts: [String: Int]) {
        family("graftd_events_total", type: "counter", help: "Events since the start, by kind.")
        for (name, count) in eventCounts.sorted(by: { $0.key < $1.key }) {
            sample("graftd_events_total", [("event", name)], Double(count))
        }
    }
}
