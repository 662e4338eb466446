import GraftAPI

extension KeptLatents {
    /// How much room latents take; nil where there are none and none will be.
    var words: String? {
        guard latents > 0 || format != "none" else { return nil }
        let room = "\(Words.bytes(bytes)) of at most \(Words.bytes(byteLimit))"
        let new = cut.map { "; of new images: \(format), before \($0)" } ?? ""
        let gone = evicted > 0 ? "; \(evicted) evicted so far" : ""
        return "\(Words.count(latents, "latent")) kept, \(room)\(new)\(gone)"
    }
}
