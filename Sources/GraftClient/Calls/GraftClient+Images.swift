import Foundation
import GraftAPI
import NIOCore
import NIOFoundationCompat

/// What to do with an image that is known under another label.
package enum ConflictPolicy: Sendable {
    /// Leave it; the call fails with the problem `label-conflict`, which names the sample.
    case fail
    /// Give it the new label.
    case relabel
}

/// Classify and teach. Both may be repeated without harm, so a busy daemon is asked again by itself.
extension GraftClient {
    /// What the image shows.
    ///
    /// - Parameters:
    ///   - bytes: The image as it was read from its file.
    ///   - top: How many labels to name, best first; nil for the daemon's choice.
    package func classify(
        _ bytes: Data, mediaType: ImageMediaType, top: Int? = nil
    ) async throws(ClientError) -> Classification {
        var call = Call("POST", RequestTarget("v1", "classify", query: [("top", top.map(String.init))]))
        call.mediaType = mediaType.rawValue
        call.body = .bytes(ByteBuffer(data: bytes))
        call.retries = retries
        return try await answer(to: call)
    }

    /// Teaches the image as an example of `label`, or, where that is nil, of none of the labels; returns once it is durable and can be answered.
    ///
    /// - Parameter group: Images of one group are never split between training and validation.
    package func teach(
        _ bytes: Data, mediaType: ImageMediaType, label: String?, group: String? = nil,
        onConflict: ConflictPolicy = .fail
    ) async throws(ClientError) -> Taught {
        var call = teachCall(label: label, group: group, onConflict: onConflict, answer: nil)
        call.mediaType = mediaType.rawValue
        call.body = .bytes(ByteBuffer(data: bytes))
        return try await answer(to: call)
    }

    /// Teaches the image of the recent answer `id`, without sending it again.
    package func teach(
        answer id: String, label: String?, group: String? = nil, onConflict: ConflictPolicy = .fail
    ) async throws(ClientError) -> Taught {
        try await answer(to: teachCall(label: label, group: group, onConflict: onConflict, answer: id))
    }

    private func teachCall(label: String?, group: String?, onConflict: ConflictPolicy, answer: String?) -> Call {
        let conflict = onConflict == .relabel ? "relabel" : nil
        var call = Call(
            "POST",
            RequestTarget(
                "v1", "samples",
                query: [
                    ("label", label), ("negative", label == nil ? "true" : nil), ("group", group), ("answer", answer),
                    ("on_conflict", conflict),
                ]))
        call.retries = retries
        return call
    }
}
