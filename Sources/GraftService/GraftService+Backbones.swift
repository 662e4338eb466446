import GraftAPI
import GraftNetwork

extension GraftService {
    package func backbones() async throws(Problem) -> BackboneList {
        let loaded = live.current.vision
        var records: [BackboneRecord] = []
        for name in backboneFolder.names() {
            if let loaded, loaded.name == name {
                records.append(BackboneRecord(loaded.backbone, name: name, loaded: true))
            } else if let record = backboneFolder.describe(name) {
                records.append(record)
            }
        }
        let samples = try await storing { try await store.samplesByBackbone() }
        for index in records.indices { records[index].samples = samples[records[index].fingerprint] ?? 0 }
        return BackboneList(backbones: records)
    }

    package func backbone(_ name: String) async throws(Problem) -> BackboneRecord {
        guard let record = try await backbones().backbones.first(where: { $0.name == name }) else {
            throw Problem(
                .unknownBackbone,
                detail: "there is no backbone '\(name)'; `graftctl backbone list` shows those there are")
        }
        return record
    }

    /// A place to receive a backbone's file in.
    package func beginBackbone(named name: String) throws(Problem) -> BackboneUpload {
        try backboneFolder.beginUpload(named: name)
    }

    /// Checks a received backbone, keeps it, and lets it answer from now on.
    package func install(_ upload: BackboneUpload) async throws(Problem) -> BackboneRecord {
        // Hashing and packing take tenths of a second: they belong on a compute thread.
        let folder = backboneFolder
        let backbone: LoadedBackbone
        do {
            backbone = try await pool.run { _ in try folder.install(upload) }
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(.busy, detail: "\(error)")
        }
        try await adopt(backbone, name: upload.name)
        return BackboneRecord(backbone, name: upload.name, loaded: true)
    }
}

extension BackboneRecord {
    init(_ backbone: LoadedBackbone, name: String, loaded: Bool) {
        self.init(
            name: name, architecture: backbone.architecture.name, fingerprint: backbone.fingerprint,
            featureCount: backbone.featureCount, parameterCount: backbone.parameterCount,
            imageSide: backbone.preprocessing.cropSide, loaded: loaded)
    }
}
