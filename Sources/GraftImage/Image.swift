import GraftTensor

/// Eight-bit RGB pixels, upright.
package struct Image: Sendable, Equatable {
    package let width: Int
    package let height: Int
    /// `[height, width, 3]`, red first.
    package var pixels: [UInt8]

    /// - Precondition: at least one pixel, and three bytes for each.
    package init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width >= 1 && height >= 1 && pixels.count == width * height * 3)
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// A black image.
    package init(width: Int, height: Int) {
        self.init(width: width, height: height, pixels: [UInt8](repeating: 0, count: width * height * 3))
    }
}

extension Image {
    /// The whole image: decoded, over white, upright. Holds every pixel; `preprocess` does not.
    ///
    /// - Parameter declared: the format that the sender names; nil to go by the first bytes.
    package static func decode(
        _ bytes: Span<UInt8>, declared: ImageFormat?, limits: ImageLimits = ImageLimits()
    ) throws(ImageError) -> Image {
        try withDecoder(of: bytes, declared: declared, limits: limits) { decoder throws(ImageError) in
            let (width, height) = try decoder.start(leastSide: nil)
            var pixels: [UInt8] = []
            pixels.reserveCapacity(width * height * 3)
            for _ in 0..<height {
                try decoder.nextRow(columns: 0..<width) { pixels.append(contentsOf: $0) }
            }
            try decoder.finish()
            return Image(width: width, height: height, pixels: pixels).oriented(decoder.header.orientation)
        }
    }

    /// The image at another size, each side at least 1, bit for bit as Pillow's `Image.resize` makes it.
    package func resized(
        width newWidth: Int, height newHeight: Int, by interpolation: Interpolation,
        instructionSet: InstructionSet = .best
    ) -> Image {
        let columns = ResampleAxis(inputCount: width, outputCount: newWidth, outputs: 0..<newWidth, by: interpolation)
        let rows = ResampleAxis(inputCount: height, outputCount: newHeight, outputs: 0..<newHeight, by: interpolation)
        let rowsFirst = Resampler.startsWithRows(width: width, height: height, newWidth: newWidth, newHeight: newHeight)
        var resampler = Resampler(
            columns: RowResampler(axis: columns, kernels: instructionSet.kernels), rows: rows, rowsFirst: rowsFirst,
            kernels: instructionSet.kernels)
        for y in rows.inputs {
            let first = (y * width + columns.inputs.lowerBound) * 3
            resampler.append(pixels.span.extracting(first..<first + columns.inputs.count * 3))
        }
        return resampler.finish()
    }
}
