import CJPEG

/// The rows of a JPEG, by libjpeg.
final class JPEGDecoder: RowDecoder {
    let header: ImageHeader
    private let decoder: OpaquePointer
    private let byteCount: Int
    private let memoryLimit: Int
    /// One row as libjpeg writes it, `[width, channels]`.
    private var row: [UInt8] = []
    /// What has been made of it where it is not RGB.
    private var converted: [UInt8] = []
    private var channels = 3

    /// Scans in a progressive JPEG are about ten in practice, and at most some hundred where each sends a bit more of a
    /// band.
    private static let scanLimit: Int32 = 100

    /// - Parameter bytes: must outlive the decoder.
    init(_ bytes: UnsafeBufferPointer<UInt8>, orientation: Orientation, limits: ImageLimits) throws(ImageError) {
        byteCount = bytes.count
        memoryLimit = limits.decoderBytes
        guard let decoder = graft_jpeg_open(bytes.baseAddress, bytes.count, memoryLimit, Self.scanLimit) else {
            throw .tooMuchMemory(format: .jpeg, byteLimit: memoryLimit)
        }
        var size = graft_jpeg_size()
        let status = graft_jpeg_read_header(decoder, &size)
        header = ImageHeader(width: Int(size.width), height: Int(size.height), orientation: orientation)
        self.decoder = decoder
        try check(status)
        try limits.check(width: header.width, height: header.height)
    }

    deinit { graft_jpeg_close(decoder) }

    func start(leastSide: Int?) throws(ImageError) -> (width: Int, height: Int) {
        // libjpeg has fast code for these fractions: it leaves the higher frequencies out of the inverse transform.
        let shorterSide = min(header.width, header.height)
        let shrink = leastSide.flatMap { side in [8, 4, 2].first { shorterSide / $0 >= side } } ?? 1
        var size = graft_jpeg_size()
        try check(graft_jpeg_start(decoder, Int32(shrink), &size))
        channels = Int(size.channels)
        row = [UInt8](repeating: 0, count: Int(size.width) * channels)
        return (Int(size.width), Int(size.height))
    }

    func nextRow(columns: Range<Int>, _ take: (UnsafeBufferPointer<UInt8>) -> Void) throws(ImageError) {
        try passRow()
        let wanted = columns.lowerBound * channels..<columns.upperBound * channels
        if channels == 4 {
            if converted.count != columns.count * 3 { converted = [UInt8](repeating: 0, count: columns.count * 3) }
            convertInvertedCMYK(row[wanted], toRGB: &converted)
            converted.withUnsafeBufferPointer(take)
        } else {
            row.withUnsafeBufferPointer { take($0.extracting(wanted)) }
        }
    }

    func passRow() throws(ImageError) {
        try check(row.withUnsafeMutableBufferPointer { graft_jpeg_read_row(decoder, $0.baseAddress) })
    }

    func finish() throws(ImageError) { try check(graft_jpeg_finish(decoder)) }

    private func check(_ status: graft_jpeg_status) throws(ImageError) {
        if status == .ok { return }
        let detail = String(cString: graft_jpeg_message(decoder))
        switch status {
        case .ok: return
        case .truncated: throw .truncated(format: .jpeg, byteCount: byteCount)
        case .corrupt: throw .corrupt(format: .jpeg, detail: detail)
        case .unsupported: throw .unsupportedFormat(found: "a JPEG of an unusual kind (\(detail))")
        case .memory: throw .tooMuchMemory(format: .jpeg, byteLimit: memoryLimit)
        }
    }
}
