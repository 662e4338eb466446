import GraftAPI

extension Status {
    /// What became of samples that were taught under another backbone; nil where there are none.
    ///
    /// As in "412 of 1246 samples extracted again; 834 stay with efficientnet_lite0: their images were not kept".
    var extractionWords: String? {
        guard let extraction, !otherBackbones.isEmpty else { return nil }
        var parts: [String] = []
        if extraction.total > 0 {
            let all = extraction.done + otherSamples
            let rest = extraction.waiting > 0 ? ", \(extraction.waiting) to go" : ""
            parts.append("\(extraction.done) of \(Words.count(all, "sample")) extracted again\(rest)")
        }
        for other in otherBackbones {
            let name = name(of: other)
            if other.withoutImage > 0 {
                parts.append("\(Self.stay(other.withoutImage)) with \(name): their images were not kept")
            }
            if other.unreadable > 0 {
                parts.append("\(Self.stay(other.unreadable)) with \(name): their kept images cannot be read")
            }
        }
        return parts.joined(separator: "; ")
    }

    /// The backbone's name; with its fingerprint where the loaded one, of other weights, has the same.
    private func name(of other: OtherBackbone) -> String {
        let fingerprint = String(other.fingerprint.prefix(12))
        guard let name = other.name else { return "backbone \(fingerprint)" }
        return name == backbone?.name ? "the earlier \(name) (\(fingerprint))" : name
    }

    private static func stay(_ count: Int) -> String { count == 1 ? "1 stays" : "\(count) stay" }
}

extension KeptImages {
    /// How much room kept images take; nil where there are none and none will be.
    var words: String? {
        guard images > 0 || keep != "none" else { return nil }
        let room = "\(Words.bytes(bytes)) of at most \(Words.bytes(byteLimit))"
        return "\(Words.count(images, "image")) kept, \(room); of new ones: \(keep)"
    }
}
