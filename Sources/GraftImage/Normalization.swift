import CKernels
import GraftTensor

/// `(value / 255 - mean) / standardDeviation` for each channel of a pixel, in the order of the tensor's channels.
///
/// Computed as value · (1 / (255 · deviation)) - mean / deviation, where the factor is split in two parts whose products
/// with a byte are exact (see `graft_normalization`). Two sums and the constant are rounded, which are as many roundings as
/// the divisions have, so that neither is closer to the exact value; this takes a tenth of their time, and gives the same
/// bits on every CPU.
struct Normalization: Sendable {
    let constants: graft_normalization
    /// Which channel of a pixel each channel of the tensor is.
    private let sources: [Int]

    init(_ preprocessing: Preprocessing) {
        let reverses = preprocessing.channelOrder == .bgr
        sources = reverses ? [2, 1, 0] : [0, 1, 2]
        var constants = graft_normalization()
        constants.reverses = reverses ? 1 : 0
        func each(_ value: (Int) -> Float) -> (Float, Float, Float) { (value(0), value(1), value(2)) }
        let factors = preprocessing.standardDeviation.map { 1 / (255 * Double($0)) }
        let upper = factors.map { Self.shortened($0) }
        constants.upper = each { upper[$0] }
        constants.lower = each { Self.shortened(factors[$0] - Double(upper[$0])) }
        constants.start = each { channel in
            Float(-Double(preprocessing.mean[channel]) / Double(preprocessing.standardDeviation[channel]))
        }
        self.constants = constants
    }

    /// `value` cut to the bits that leave its products with bytes exact.
    private static func shortened(_ value: Double) -> Float {
        Float(bitPattern: Float(value).bitPattern & UInt32.max << (24 - UInt32(graft_factor_bits)))
    }

    /// Appends to `elements` what a network sees of 8-bit pixels, both `[count, 3]`.
    func normalize(_ pixels: [UInt8], appendingTo elements: inout [Float], kernels: VectorKernels) {
        kernels.normalize(pixels.span, constants, appendingTo: &elements)
    }

    /// The same of pixels that need not be whole numbers: the same bits for those that are.
    func elements(of pixels: [Float]) -> [Float] {
        let (upper, lower, start) = (constants.upper, constants.lower, constants.start)
        func element(_ value: Float, _ upper: Float, _ lower: Float, _ start: Float) -> Float {
            value * upper + (value * lower + start)
        }
        var elements: [Float] = []
        elements.reserveCapacity(pixels.count)
        for pixel in stride(from: 0, to: pixels.count, by: 3) {
            elements.append(element(pixels[pixel + sources[0]], upper.0, lower.0, start.0))
            elements.append(element(pixels[pixel + sources[1]], upper.1, lower.1, start.1))
            elements.append(element(pixels[pixel + sources[2]], upper.2, lower.2, start.2))
        }
        return elements
    }
}
