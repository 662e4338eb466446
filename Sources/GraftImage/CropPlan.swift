import GraftTensor

/// How an image of one size becomes the square that a network sees: which of its pixels count, and for how much.
struct CropPlan: Sendable {
    /// All that a plan depends on beside the preprocessing.
    struct Source: Hashable {
        var header: ImageHeader
        /// Decoded columns and rows: those of the header, or a whole fraction of them.
        var width: Int
        var height: Int
    }

    /// As stored, as are rows. What the pass along rows needs is prepared here: that takes as long as a third of the pass.
    let columns: RowResampler
    let rows: ResampleAxis
    /// Whether the pass down the columns, which makes rows of the output, comes first.
    let rowsFirst: Bool

    init(_ source: Source, using preprocessing: Preprocessing, kernels: VectorKernels) {
        let header = source.header
        let orientation = header.orientation
        let (storedWidth, storedHeight) = resizedSides(of: header, shorterSide: preprocessing.resizeShorterSide)
        columns = RowResampler(
            axis: cropAxis(
                inputCount: source.width, wholeCount: header.width, resizedCount: storedWidth,
                isMirrored: orientation.mirrorsColumns, using: preprocessing), kernels: kernels)
        rows = cropAxis(
            inputCount: source.height, wholeCount: header.height, resizedCount: storedHeight,
            isMirrored: orientation.mirrorsRows, using: preprocessing)
        let swapped = orientation.swapsSides
        let seenRowsFirst = Resampler.startsWithRows(
            width: swapped ? source.height : source.width, height: swapped ? source.width : source.height,
            newWidth: swapped ? storedHeight : storedWidth, newHeight: swapped ? storedWidth : storedHeight)
        // Seen rows are stored columns if the sides are swapped.
        rowsFirst = seenRowsFirst != swapped
    }
}

/// The sides of the whole image after resizing, as stored: the shorter one `shorterSide`, the other in proportion,
/// halves to even.
private func resizedSides(of header: ImageHeader, shorterSide: Int) -> (width: Int, height: Int) {
    let factor = Double(shorterSide) / Double(min(header.width, header.height))
    func resized(_ side: Int) -> Int { max(shorterSide, Int((Double(side) * factor).rounded(.toNearestOrEven))) }
    return (resized(header.width), resized(header.height))
}

/// The middle `cropSide` pixels of one stored side.
///
/// - Parameters:
///   - inputCount: the decoded pixels along the side, perhaps a fraction of `wholeCount`, rounded up to whole pixels.
///   - resizedCount: the pixels that the side would have after resizing.
private func cropAxis(
    inputCount: Int, wholeCount: Int, resizedCount: Int, isMirrored: Bool, using preprocessing: Preprocessing
) -> ResampleAxis {
    // Where the sides do not divide, the last decoded pixel reaches past the edge of the image.
    let shrink = (wholeCount + inputCount - 1) / inputCount
    let length = Double(wholeCount) / Double(shrink)
    let start = (resizedCount - preprocessing.cropSide) / 2
    return ResampleAxis(
        inputCount: inputCount, box: (isMirrored ? Double(inputCount) - length : 0, length), outputCount: resizedCount,
        outputs: start..<start + preprocessing.cropSide, isMirrored: isMirrored, by: preprocessing.interpolation)
}
