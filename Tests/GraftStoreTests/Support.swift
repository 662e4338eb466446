import Foundation
import GraftStore
import TestSupport

/// A state folder that is removed with this value, and how to open it.
final class TemporaryState: Sendable {
    private let parent: TemporaryFolder
    let path: String

    init() throws {
        parent = try TemporaryFolder()
        path = parent.file("state").path(percentEncoded: false)
    }

    var database: String { "\(path)/graftd.sqlite" }

    func open(_ access: Store.Access = .writer) throws(StoreError) -> Store {
        try Store(folder: path, access: access)
    }
}

let fingerprint = "backbone-a"

/// A digest that differs for every number.
func digest(_ number: Int) -> [UInt8] {
    (0..<32).map { UInt8(truncatingIfNeeded: number >> (8 * ($0 % 4))) }
}

func newSample(
    _ label: String, _ number: Int, group: String? = nil, fingerprint: String = fingerprint, features: [Int16]? = nil,
    prediction: PriorAnswer? = nil, relabels: Bool = false, image: KeptImage? = nil, latent: KeptLatent? = nil,
    tuned: NewSample.TunedFeatures? = nil
) throws -> NewSample {
    NewSample(
        label: try LabelName(checking: label), digest: digest(number), group: group, fingerprint: fingerprint,
        features: features ?? [Int16(truncatingIfNeeded: number), -1, .max, .min], prediction: prediction,
        relabels: relabels, image: image, latent: latent, tuned: tuned)
}

extension Store {
    /// Teaches one new sample and returns its id.
    func taught(_ label: String, _ number: Int, group: String? = nil, fingerprint: String = fingerprint) async throws
        -> String
    {
        let outcome = try await teach([newSample(label, number, group: group, fingerprint: fingerprint)]).outcomes[0]
        guard case .stored(let id, _) = outcome else { throw Unexpected(outcome: outcome) }
        return id
    }

    func countsByLabel() async throws -> [String: Int] {
        Dictionary(uniqueKeysWithValues: try await labels().map { ($0.name, $0.samples) })
    }

    /// A candidate that answered `samples` out of fold, published unless told otherwise.
    func version(knowing samples: [String] = [], snapshot: Int64 = 0, publish: Bool = true) async throws -> Int64 {
        let number = try await insert(
            NewVersion(
                parent: 0, fingerprint: fingerprint, snapshot: snapshot, strategy: "head", seed: .max, facts: "{}",
                digest: "00", answers: samples.map { VersionAnswer(sample: $0, label: 1, probability: 0.5) }))
        if publish { try await self.publish(number, reason: "better") }
        return number
    }
}

struct Unexpected: Error { let outcome: TeachOutcome }

/// The permission bits of a file.
func mode(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1
}
