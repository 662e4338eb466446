/// What the header of an image says, before anything is decoded.
struct ImageHeader: Sendable, Hashable {
    /// Columns and rows as stored, in pixels.
    var width: Int
    var height: Int
    /// How they are to be seen.
    var orientation = Orientation.up
}

/// Yields the stored rows of one image from top to bottom, as RGB over white.
///
/// Decoders borrow the encoded bytes: none outlives the `withDecoder` that made it.
protocol RowDecoder: AnyObject {
    /// Of the whole image; its sides are within the limits.
    var header: ImageHeader { get }

    /// Prepares to yield rows, and returns how many columns and rows there will be: those of the header, or a whole
    /// fraction of them (rounded up) that the format can yield cheaper, as long as both sides stay at least `leastSide`
    /// pixels. Called once, before the first row; nil asks for the whole size.
    func start(leastSide: Int?) throws(ImageError) -> (width: Int, height: Int)

    /// Lends `take` the pixels of the next row that are in `columns`, `[columns.count, 3]`.
    func nextRow(columns: Range<Int>, _ take: (UnsafeBufferPointer<UInt8>) -> Void) throws(ImageError)

    /// Passes over the next row.
    func passRow() throws(ImageError)

    /// Reads what follows the last row, so that an image cut short after it is refused too.
    func finish() throws(ImageError)
}

/// Calls `body` with the decoder of `bytes`, whose header has been read and is within `limits`.
///
/// - Parameter declared: the format that the sender names; nil to go by the first bytes.
func withDecoder<Result>(
    of bytes: Span<UInt8>, declared: ImageFormat?, limits: ImageLimits,
    _ body: (any RowDecoder) throws(ImageError) -> Result
) throws(ImageError) -> Result {
    if bytes.isEmpty { throw .empty }
    let format = try format(of: bytes, declared: declared)
    let orientation = format == .jpeg ? Orientation(jpeg: bytes) : .up
    return try bytes.withUnsafeBufferPointer { bytes throws(ImageError) in
        switch format {
        case .jpeg: try body(JPEGDecoder(bytes, orientation: orientation, limits: limits))
        case .png: try body(PNGDecoder(bytes, limits: limits))
        case .ppm: try body(PixmapDecoder(ppm: bytes, limits: limits))
        case .rgb24(let width, let height):
            try body(PixmapDecoder(rgb24: bytes, width: width, height: height, limits: limits))
        }
    }
}

/// The declared format where the bytes bear it out, else the one that they begin like.
private func format(of bytes: Span<UInt8>, declared: ImageFormat?) throws(ImageError) -> ImageFormat {
    if case .rgb24? = declared { return declared! }
    let found = ImageFormat.sniff(bytes)
    if let declared {
        if declared != found { throw .formatMismatch(declared: declared, found: found) }
        return declared
    }
    guard let found else {
        let digits = (0..<min(8, bytes.count)).map {
            String(bytes[$0] >> 4, radix: 16) + String(bytes[$0] & 15, radix: 16)
        }
        throw .unsupportedFormat(found: "\(bytes.count) bytes that begin with \(digits.joined(separator: " "))")
    }
    return found
}
