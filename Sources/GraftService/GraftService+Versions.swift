import Foundation
import GraftAPI
import GraftStore

/// Training, and which version answers.
extension GraftService {
    package func train(_ request: TrainRequest) async throws(Problem) -> TrainJob { try await training.start(request) }

    /// The job that runs, or the last one.
    package func trainingJob() async throws(Problem) -> TrainJob {
        guard let job = await training.job else {
            throw Problem(.noJob, detail: "no training job has run yet: POST /v1/train starts one")
        }
        return job
    }

    package func cancelTraining() async throws(Problem) -> TrainJob { try await training.cancel() }

    package func versions() async throws(Problem) -> VersionList {
        let stored = try await storing { try await store.versions() }
        let names = live.current.names
        let active = live.current.reference.version
        return VersionList(
            active: active,
            versions: stored.filter { $0.state != .candidate }.map { VersionRecord($0, active: active, names: names) })
    }

    package func version(_ number: Int) async throws(Problem) -> VersionRecord {
        let stored = try await storing { try await store.version(Int64(number)) }
        let names = live.current.names
        var record = VersionRecord(stored, active: live.current.reference.version, names: names)
        record.perLabel = (stored.measured?.labels ?? [])
            .compactMap { label in
                names[label.label].map {
                    LabelSummary(label: $0, samples: label.samples, recall: label.recall, precision: label.precision)
                }
            }
            .sorted { $0.label < $1.label }
        return record
    }

    package func activate(_ number: Int) async throws(Problem) -> Activated { try await learner.activate(number) }
}

extension StoredVersion {
    /// What its training measured; nil for what cannot be read.
    var measured: VersionFacts? { try? JSONDecoder().decode(VersionFacts.self, from: Data(facts.utf8)) }
}

extension VersionState {
    init(_ state: StoredVersion.State) {
        self =
            switch state {
            case .published: .published
            case .rolledBack: .rolledBack
            case .candidate, .rejected: .rejected
            }
    }
}

extension VersionRecord {
    init(_ version: StoredVersion, active: Int, names: [Int64: String]) {
        let facts = version.measured
        self.init(
            version: Int(version.number), parent: Int(version.parent),
            state: VersionState(version.state), active: Int(version.number) == active,
            stale: version.stale, strategy: TrainingStrategy(rawValue: version.strategy) ?? .head,
            features: facts?.features ?? .roots, blocks: facts?.blocks ?? [],
            head: facts?.hasHiddenLayer == true ? .mlp : .linear, notes: facts?.notes ?? [], seed: version.seed,
            created: version.created,
            labels: (facts?.labels ?? []).compactMap { names[$0.label] }.sorted(),
            quality: facts?.quality, reason: version.reason)
    }
}
