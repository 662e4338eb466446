import Foundation
import GraftCheckpoint
import GraftImage
import GraftTensor

/// Why a file cannot be run as a backbone.
package enum BackboneError: Error, Equatable, Sendable, CustomStringConvertible {
    case unknownArchitecture(found: String, known: [String])
    /// `detail` says what is wrong with the JSON.
    case malformedPreprocessing(detail: String)
    case description(NetworkDescriptionError)
    case checkpoint(CheckpointError)
    case instructionSet(InstructionSetError)

    package var description: String {
        switch self {
        case .unknownArchitecture(let found, let known):
            "the backbone's architecture is '\(found)', which this version does not know; it knows "
                + known.joined(separator: ", ")
        case .malformedPreprocessing(let detail):
            "the backbone's preprocessing cannot be read (\(detail)); import it again"
        case .description(let error): error.description
        case .checkpoint(let error): error.description
        case .instructionSet(let error): error.description
        }
    }
}

extension Backbone {
    /// The backbone in a canonical file, with the architecture and preprocessing that its metadata names.
    ///
    /// The fingerprint is taken from the metadata; `SafetensorsFile.verifyFingerprint()` compares it with the content.
    ///
    /// - Parameters:
    ///   - blocks: How many of the blocks it has, from the first on; nil for all.
    ///   - forcedInstructionSet: The value of `GRAFTD_ISA`; nil for the fastest this CPU has.
    /// - Throws: What the file lacks or holds in another shape.
    package convenience init(
        file: SafetensorsFile, blocks: Int? = nil,
        forcedInstructionSet: String? = ProcessInfo.processInfo.environment["GRAFTD_ISA"]
    ) throws(BackboneError) {
        let whole = try RunnableFile(file, forcedInstructionSet)
        let wanted = blocks.map(whole.architecture.first) ?? whole.architecture
        do throws(CheckpointError) {
            try file.check(wanted.parameters)
            try self.init(
                architecture: wanted, fingerprint: whole.fingerprint, instructionSet: whole.instructionSet,
                parameters: file.elements(of:))
        } catch {
            throw .checkpoint(error)
        }
    }
}

extension Top {
    /// The blocks of the backbone in a canonical file from the one numbered `cut` on; see ``Backbone/init(file:blocks:forcedInstructionSet:)``.
    package convenience init(
        file: SafetensorsFile, from cut: Int,
        forcedInstructionSet: String? = ProcessInfo.processInfo.environment["GRAFTD_ISA"]
    ) throws(BackboneError) {
        let whole = try RunnableFile(file, forcedInstructionSet)
        do throws(CheckpointError) {
            try file.check(whole.architecture.blocks[cut...].flatMap(\.parameters))
            try self.init(
                of: whole.architecture, from: cut, instructionSet: whole.instructionSet, parameters: file.elements(of:))
        } catch {
            throw .checkpoint(error)
        }
    }
}

/// What a file's metadata say is in it, and how it is to be run.
private struct RunnableFile {
    let architecture: Architecture
    let fingerprint: String
    let instructionSet: InstructionSet

    init(_ file: SafetensorsFile, _ forcedInstructionSet: String?) throws(BackboneError) {
        let metadata: BackboneMetadata
        do { metadata = try file.backboneMetadata() } catch { throw .checkpoint(error) }
        architecture = try Architecture(metadata)
        fingerprint = metadata.fingerprint
        do { instructionSet = try .chosen(forced: forcedInstructionSet) } catch { throw .instructionSet(error) }
    }
}

extension SafetensorsFile {
    /// Throws where a parameter is missing or has another shape: before memory is taken for what the file lacks.
    fileprivate func check(_ parameters: [Parameter]) throws(CheckpointError) {
        for parameter in parameters {
            let found = try shape(of: parameter.name)
            guard found == parameter.shape else {
                throw .shapeMismatch(name: parameter.name, expected: parameter.shape, found: found)
            }
        }
    }

    fileprivate func elements(of parameter: Parameter) throws(CheckpointError) -> [Float] {
        try floats(parameter.name, shape: parameter.shape)
    }
}

extension Architecture {
    /// What a backbone's file says: the architecture that it names, or its own graph, with its preprocessing.
    package init(_ metadata: BackboneMetadata) throws(BackboneError) {
        let preprocessing: Preprocessing
        do {
            preprocessing = try JSONDecoder().decode(Preprocessing.self, from: Data(metadata.preprocessing.utf8))
        } catch {
            throw .malformedPreprocessing(detail: String(describing: error))
        }
        let named = Architecture.named(metadata.architecture)
        guard named != nil || metadata.graph != nil else {
            throw .unknownArchitecture(found: metadata.architecture, known: Architecture.all.map(\.name))
        }
        do {
            let network = try NetworkDescription(graph: metadata.graph, else: named?.blocks ?? [])
            self.init(
                name: metadata.architecture, preprocessing: preprocessing,
                featureCount: try network.featureCount(side: preprocessing.cropSide), blocks: network.blocks)
        } catch {
            throw .description(error)
        }
    }

    /// The preprocessing as a backbone file's metadata hold it; its keys are sorted, because the text is part of the
    /// fingerprint.
    package var preprocessingJSON: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(preprocessing) else {
            preconditionFailure("the preprocessing of \(name) is no JSON")
        }
        return String(decoding: data, as: UTF8.self)
    }
}
