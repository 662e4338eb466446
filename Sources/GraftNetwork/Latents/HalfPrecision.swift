// Between 32-bit and 16-bit floats (IEEE 754 binary16) in steps that every CPU has as vectors: its own conversions are
// instructions that the oldest x86-64 lacks.

/// The elements as 16-bit floats, little-endian, rounded to the nearest, ties to even; what is too large saturates.
func encodeHalf(_ elements: Span<Float>) -> [UInt8] {
    let largest = Float(Float16.greatestFiniteMagnitude)
    var bytes = [UInt8](repeating: 0, count: 2 * elements.count)
    var out = bytes.mutableSpan
    for i in elements.indices {
        let element = elements[unchecked: i]
        let magnitude = min(element.magnitude, largest)
        // The exponent's difference, 112, is divided out. Adding and taking away a number whose last bit is the last one
        // that is kept rounds; below 2⁻¹⁴ that is always the bit of 2⁻²⁴.
        let exponent = max(magnitude.bitPattern & 0x7F80_0000, Float(0x1p-14).bitPattern)
        let rounder = Float(bitPattern: exponent &+ (13 << 23))
        let rounded = (magnitude + rounder) - rounder
        let half = (rounded * 0x1p-112).bitPattern >> 13 | (element.bitPattern >> 16 & 0x8000)
        out[unchecked: 2 &* i] = UInt8(truncatingIfNeeded: half)
        out[unchecked: 2 &* i &+ 1] = UInt8(truncatingIfNeeded: half >> 8)
    }
    return bytes
}

/// Writes the `count` elements of ``encodeHalf(_:)`` to `elements`, from `place` on.
///
/// - Throws: ``LatentError/notFinite`` for bytes that it never gives.
func decodeHalf(
    _ bytes: RawSpan, count: Int, into elements: inout MutableSpan<Float>, at place: Int
) throws(LatentError) {
    // An exponent of all ones, plus one, carries into the sign's place.
    var carries: UInt32 = 0
    for i in 0..<count {
        let half = UInt32(
            UInt16(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 2 &* i, as: UInt16.self)))
        let magnitude = half & 0x7FFF
        carries |= magnitude &+ 0x400
        // Right for the smallest too, which the multiplication makes normal numbers.
        let element = Float(bitPattern: magnitude << 13) * 0x1p112
        elements[unchecked: place &+ i] = Float(bitPattern: element.bitPattern | (half & 0x8000) << 16)
    }
    guard carries & 0x8000 == 0 else { throw .notFinite }
}
