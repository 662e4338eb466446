/// Puts pixels with alpha over white: each of the three channels becomes `(channel * alpha + 255 * (255 - alpha)) /
/// 255`, rounded in the fixed point of Pillow's `alpha_composite`, bit for bit. `rgba` is `[count, 4]`, `rgb` `[count,
/// 3]`.
func compositeOverWhite(_ rgba: ArraySlice<UInt8>, into rgb: inout [UInt8]) {
    let count = rgb.count / 3
    precondition(rgba.count == count * 4 && rgb.count == count * 3)
    let rgba = rgba.span
    var rgb = rgb.mutableSpan
    for pixel in 0..<count {
        let alpha = UInt32(rgba[unchecked: pixel * 4 + 3])
        for channel in 0..<3 {
            let value = UInt32(rgba[unchecked: pixel * 4 + channel])
            let blend = (value &* alpha &+ 255 &* (255 &- alpha)) &* 128 &+ 128 &* 128
            rgb[unchecked: pixel * 3 + channel] = UInt8(truncatingIfNeeded: (((blend >> 8) &+ blend) >> 8) >> 7)
        }
    }
}

/// Mixes inks to light. The samples are inverted, 255 for no ink, as Adobe writes them into JPEG files; like Pillow,
/// this does not ask whether the file says it is Adobe's. Rounded as Pillow's `CMYK` to `RGB`, bit for bit. `cmyk` is
/// `[count, 4]`, `rgb` `[count, 3]`.
func convertInvertedCMYK(_ cmyk: ArraySlice<UInt8>, toRGB rgb: inout [UInt8]) {
    let count = rgb.count / 3
    precondition(cmyk.count == count * 4 && rgb.count == count * 3)
    let cmyk = cmyk.span
    var rgb = rgb.mutableSpan
    for pixel in 0..<count {
        let light = Int32(cmyk[unchecked: pixel * 4 + 3])
        for channel in 0..<3 {
            let product = (255 &- Int32(cmyk[unchecked: pixel * 4 + channel])) &* light &+ 128
            let value = light &- ((product >> 8) &+ product) >> 8
            rgb[unchecked: pixel * 3 + channel] = UInt8(truncatingIfNeeded: max(0, value))
        }
    }
}
