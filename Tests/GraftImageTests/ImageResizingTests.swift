import Testing

import GraftImage

@Suite struct ImageResizingTests {
    /// Weights, passes and rounding are Pillow's, so nothing may differ. (1 of 255 would do for a network.)
    @Test(arguments: Recorded.tables.resizes)
    func equalsPillow(expected: Recorded.Resize) {
        let image = pattern(width: expected.width, height: expected.height)
            .resized(width: expected.newWidth, height: expected.newHeight, by: expected.interpolation)
        #expect(image.width == expected.newWidth && image.height == expected.newHeight)
        #expect(largestDifference(image.pixels, [UInt8](expected.rgb)) == 0)
    }

    @Test(arguments: Interpolation.allCases)
    func leavesOneColorAlone(interpolation: Interpolation) {
        let image = Image(width: 40, height: 30, pixels: (0..<1200).flatMap { _ in [0, 255, 131] as [UInt8] })
        for (width, height) in [(1, 1), (7, 50), (80, 3)] {
            let resized = image.resized(width: width, height: height, by: interpolation)
            #expect(resized.pixels == (0..<width * height).flatMap { _ in [0, 255, 131] as [UInt8] })
        }
    }

    @Test func theSameSizeIsTheSameImage() {
        let image = pattern(width: 23, height: 17)
        for interpolation in Interpolation.allCases {
            #expect(image.resized(width: 23, height: 17, by: interpolation) == image)
        }
    }

    /// Cut into parts, an axis has the windows of the whole: only then may a crop be computed alone.
    @Test func aPartOfAnAxisHasTheWindowsOfTheWhole() {
        let whole = ResampleAxis(inputCount: 97, outputCount: 31, outputs: 0..<31, by: .bicubic)
        let part = ResampleAxis(inputCount: 97, outputCount: 31, outputs: 11..<20, by: .bicubic)
        for (a, b) in zip(whole.windows[11..<20], part.windows) {
            #expect(a.start == b.start && a.count == b.count)
            let weights = Array(part.weights[b.weightStart..<b.weightStart + b.count])
            #expect(Array(whole.weights[a.weightStart..<a.weightStart + a.count]) == weights)
        }
    }
}
