import Foundation
import GraftAPI
import GraftClient

/// Why an image file has no answer.
enum ImageFailure: Error {
    /// It was sent nowhere.
    case file(FileError)
    /// It was sent, in vain.
    case call(ClientError)

    /// In words that follow the file's name.
    var reason: String {
        switch self {
        case .file(let error): error.reason
        case .call(let error): error.description
        }
    }

    /// The error that the next image would meet too, if this is one.
    var stopsEverything: ClientError? {
        if case .call(let error) = self, error.stopsEverything { error } else { nil }
    }
}

/// The calls on images, by the file's path.
extension GraftClient {
    func classify(file path: String, top: Int? = nil) async -> Result<Classification, ImageFailure> {
        await Self.withImage(path) { image throws(ClientError) in
            try await classify(image.bytes, mediaType: image.mediaType, top: top)
        }
    }

    func teach(
        file path: String, label: String?, group: String?, onConflict: ConflictPolicy
    ) async -> Result<Taught, ImageFailure> {
        await Self.withImage(path) { image throws(ClientError) in
            try await teach(
                image.bytes, mediaType: image.mediaType, label: label, group: group, onConflict: onConflict)
        }
    }

    private static func withImage<Answer>(
        _ path: String, _ call: (ImageFile) async throws(ClientError) -> Answer
    ) async -> Result<Answer, ImageFailure> {
        let image: ImageFile
        do {
            image = try ImageFile(reading: path)
        } catch {
            return .failure(.file(error))
        }
        do {
            return .success(try await call(image))
        } catch {
            return .failure(.call(error))
        }
    }
}
