import Foundation

/// A backbone that the daemon holds, as `GET /v1/backbones` lists it.
package struct BackboneRecord: Codable, Sendable, Equatable {
    package var name: String
    package var architecture: String
    /// SHA-256 over weights, architecture and preprocessing; features of different fingerprints are never mixed.
    package var fingerprint: String
    /// Values per image that a head sees.
    package var featureCount: Int
    package var parameterCount: Int
    /// Side, in pixels, of the square that the network sees.
    package var imageSide: Int
    /// Whether it answers now.
    package var loaded: Bool
    /// Samples that have its features, where that was asked for.
    package var samples: Int?

    package init(
        name: String, architecture: String, fingerprint: String, featureCount: Int, parameterCount: Int,
        imageSide: Int, loaded: Bool, samples: Int? = nil
    ) {
        self.name = name
        self.architecture = architecture
        self.fingerprint = fingerprint
        self.featureCount = featureCount
        self.parameterCount = parameterCount
        self.imageSide = imageSide
        self.loaded = loaded
        self.samples = samples
    }
}

/// The answer to `GET /v1/backbones`.
package struct BackboneList: Codable, Sendable, Equatable {
    package var backbones: [BackboneRecord]

    package init(backbones: [BackboneRecord]) { self.backbones = backbones }
}

/// The answer to `GET /v1/status`.
package struct Status: Codable, Sendable, Equatable {
    /// What state the daemon is in.
    package enum Phase: String, Codable, Sendable {
        /// No backbone yet: `graftctl backbone import` brings one.
        case noBackbone = "no_backbone"
        /// A backbone, but no label yet.
        case noLabels = "no_labels"
        case serving
        /// It was told to stop and finishes what it has begun.
        case stopping
    }

    /// The program's own version.
    package var program: String
    package var phase: Phase
    /// One line for people.
    package var summary: String
    package var pid: Int
    package var uptimeSeconds: Double
    package var backbone: BackboneRecord?
    package var model: ModelReference
    package var labels: Int
    package var samples: Int
    /// Samples that answers are made from: fewer where blocks of the version's own have not seen some, whose latents are gone.
    package var learnedSamples: Int
    /// Examples of none of the labels, which `samples` leaves out.
    package var negatives: Int
    /// Samples kept under another backbone's fingerprint, which do not take part.
    package var otherSamples: Int
    /// The same by backbone; empty where there are none.
    package var otherBackbones: [OtherBackbone]
    /// How many of them were, and wait to be, extracted again; absent without a backbone.
    package var extraction: ExtractionProgress?
    /// The images that were kept for that.
    package var kept: KeptImages?
    /// What blocks above the cut can be trained on; absent where the store cannot be read.
    package var latents: KeptLatents?
    /// Of the last taught samples, the fraction that the model had right before it learned them.
    package var prequentialAccuracy: Double?
    package var training: TrainJob?
    /// Whether another job is due, and why or why not.
    package var schedule: TrainingSchedule?
    /// The version that answered before, while it is still compared with the one that answers.
    package var shadow: ShadowRecord?
    /// Resident memory of the daemon, in bytes.
    package var residentBytes: Int
    package var storeBytes: Int
    package var threads: Int
    /// Images that wait for a thread.
    package var queued: Int
    /// Median milliseconds of the last images: decoding, the network, and the solve after a taught sample.
    package var decodeMilliseconds: Double?
    package var inferenceMilliseconds: Double?
    package var refitMilliseconds: Double?

    package init(
        program: String, phase: Phase, summary: String, pid: Int, uptimeSeconds: Double, backbone: BackboneRecord?,
        model: ModelReference, labels: Int, samples: Int, learnedSamples: Int, negatives: Int, otherSamples: Int,
        otherBackbones: [OtherBackbone], extraction: ExtractionProgress?, kept: KeptImages?, latents: KeptLatents?,
        prequentialAccuracy: Double?, training: TrainJob?, schedule: TrainingSchedule?, shadow: ShadowRecord?,
        residentBytes: Int, storeBytes: Int, threads: Int, queued: Int, decodeMilliseconds: Double?,
        inferenceMilliseconds: Double?, refitMilliseconds: Double?
    ) {
        self.program = program
        self.phase = phase
        self.summary = summary
        self.pid = pid
        self.uptimeSeconds = uptimeSeconds
        self.backbone = backbone
        self.model = model
        self.labels = labels
        self.samples = samples
        self.learnedSamples = learnedSamples
        self.negatives = negatives
        self.otherSamples = otherSamples
        self.otherBackbones = otherBackbones
        self.extraction = extraction
        self.kept = kept
        self.latents = latents
        self.prequentialAccuracy = prequentialAccuracy
        self.training = training
        self.schedule = schedule
        self.shadow = shadow
        self.residentBytes = residentBytes
        self.storeBytes = storeBytes
        self.threads = threads
        self.queued = queued
        self.decodeMilliseconds = decodeMilliseconds
        self.inferenceMilliseconds = inferenceMilliseconds
        self.refitMilliseconds = refitMilliseconds
    }
}
