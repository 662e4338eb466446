import CPNG

/// The rows of a PNG, by libpng; transparent pixels over white.
final class PNGDecoder: RowDecoder {
    let header: ImageHeader
    private let decoder: OpaquePointer
    private let byteCount: Int
    private let memoryLimit: Int
    private var channels = 3
    /// One row as libpng writes it, `[width, channels]`; of an interlaced image all rows, `[height, width, channels]`.
    private var decoded: [UInt8] = []
    /// A row over white, where there is alpha.
    private var composited: [UInt8] = []
    private var isInterlaced = false
    private var nextY = 0

    /// - Parameter bytes: must outlive the decoder.
    init(_ bytes: UnsafeBufferPointer<UInt8>, limits: ImageLimits) throws(ImageError) {
        byteCount = bytes.count
        memoryLimit = limits.decoderBytes
        guard let decoder = graft_png_open(bytes.baseAddress, bytes.count) else {
            throw .tooMuchMemory(format: .png, byteLimit: memoryLimit)
        }
        var size = graft_png_size()
        let status = graft_png_read_header(decoder, &size)
        header = ImageHeader(width: Int(size.width), height: Int(size.height))
        self.decoder = decoder
        try check(status)
        try limits.check(width: header.width, height: header.height)
    }

    deinit { graft_png_close(decoder) }

    func start(leastSide: Int?) throws(ImageError) -> (width: Int, height: Int) {
        var rows = graft_png_rows()
        try check(graft_png_start(decoder, &rows))
        channels = Int(rows.channels)
        isInterlaced = rows.passes > 1
        let rowBytes = header.width * channels
        decoded = [UInt8](repeating: 0, count: rowBytes * (isInterlaced ? header.height : 1))
        if isInterlaced {
            for _ in 0..<rows.passes {
                for y in 0..<header.height { try readRow(at: y * rowBytes) }
            }
        }
        return (header.width, header.height)
    }

    func nextRow(columns: Range<Int>, _ take: (UnsafeBufferPointer<UInt8>) -> Void) throws(ImageError) {
        let offset = isInterlaced ? nextY * header.width * channels : 0
        try passRow()
        let wanted = offset + columns.lowerBound * channels..<offset + columns.upperBound * channels
        if channels == 4 {
            if composited.count != columns.count * 3 { composited = [UInt8](repeating: 0, count: columns.count * 3) }
            compositeOverWhite(decoded[wanted], into: &composited)
            composited.withUnsafeBufferPointer(take)
        } else {
            decoded.withUnsafeBufferPointer { take($0.extracting(wanted)) }
        }
    }

    func passRow() throws(ImageError) {
        if !isInterlaced { try readRow(at: 0) }
        nextY += 1
    }

    func finish() throws(ImageError) { try check(graft_png_finish(decoder)) }

    private func readRow(at offset: Int) throws(ImageError) {
        try check(decoded.withUnsafeMutableBufferPointer { graft_png_read_row(decoder, $0.baseAddress! + offset) })
    }

    private func check(_ status: graft_png_status) throws(ImageError) {
        switch status {
        case .ok: return
        case .truncated: throw .truncated(format: .png, byteCount: byteCount)
        case .corrupt: throw .corrupt(format: .png, detail: String(cString: graft_png_message(decoder)))
        }
    }
}
