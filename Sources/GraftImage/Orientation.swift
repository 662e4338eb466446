/// How stored pixels are turned to be seen: the EXIF tag 0x0112, whose values 1...8 are the raw values.
enum Orientation: Int, Sendable, CaseIterable {
    case up = 1
    case mirroredHorizontally
    case turnedHalf
    case mirroredVertically
    case transposed
    case turnedClockwise
    case transversed
    case turnedCounterclockwise

    /// Rows are seen as columns. Applied after the mirroring of the stored sides.
    var swapsSides: Bool { rawValue >= 5 }

    /// The stored columns run against the side they are seen along.
    var mirrorsColumns: Bool { [2, 3, 7, 8].contains(rawValue) }

    /// The stored rows run against the side they are seen along.
    var mirrorsRows: Bool { [3, 4, 6, 7].contains(rawValue) }
}

extension Image {
    /// The stored image as it is to be seen.
    consuming func oriented(_ orientation: Orientation) -> Image {
        if orientation == .up { return self }
        var seen = Image(
            width: orientation.swapsSides ? height : width, height: orientation.swapsSides ? width : height)
        for storedY in 0..<height {
            for storedX in 0..<width {
                let column = orientation.mirrorsColumns ? width - 1 - storedX : storedX
                let row = orientation.mirrorsRows ? height - 1 - storedY : storedY
                let (x, y) = orientation.swapsSides ? (row, column) : (column, row)
                for channel in 0..<3 {
                    seen.pixels[(y * seen.width + x) * 3 + channel] = pixels[(storedY * width + storedX) * 3 + channel]
                }
            }
        }
        return seen
    }
}
