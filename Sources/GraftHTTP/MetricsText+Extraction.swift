import GraftAPI

extension MetricsText {
    /// Samples on their way from one backbone to another, and the images that let them go there.
    mutating func writeExtraction(_ status: Status) {
        gauge(
            "graftd_extraction_done", help: "Samples of another backbone that were extracted again.",
            status.extraction.map { Double($0.done) })
        gauge(
            "graftd_extraction_waiting", help: "Samples of another backbone that wait to be extracted again.",
            status.extraction.map { Double($0.waiting) })
        gauge(
            "graftd_extraction_unreadable", help: "Samples of another backbone whose kept image could not be read.",
            status.extraction.map { Double($0.unreadable) })
        gauge(
            "graftd_extraction_without_image", help: "Samples of another backbone whose image was not kept.",
            status.extraction.map { _ in Double(status.otherBackbones.reduce(0) { $0 + $1.withoutImage }) })
        gauge("graftd_kept_images", help: "Images kept with their samples.", status.kept.map { Double($0.images) })
        gauge("graftd_kept_image_bytes", help: "Their bytes.", status.kept.map { Double($0.bytes) })
        gauge(
            "graftd_kept_image_limit_bytes", help: "The most bytes that kept images may take.",
            status.kept.map { Double($0.byteLimit) })
    }
}
