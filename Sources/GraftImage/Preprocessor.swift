import GraftTensor
import Synchronization

/// Makes of encoded images what a network sees of them, and keeps what many of them need alike.
package final class Preprocessor: Sendable {
    package let preprocessing: Preprocessing
    private let kernels: VectorKernels
    /// What becomes of each value of a byte, for each channel of the tensor. `[3, 256]`
    private let normalized: [Float]
    /// Which channel of an image each channel of the tensor is.
    private let sources: [Int]
    private let plans = Mutex<[CropPlan.Source: CropPlan]>([:])
    /// Cameras send one size; whoever sends many gets a plan for each image.
    private static let planLimit = 16

    package init(_ preprocessing: Preprocessing, instructionSet: InstructionSet = .best) {
        self.preprocessing = preprocessing
        kernels = instructionSet.kernels
        normalized = (0..<3).flatMap { channel in
            (0..<256).map { (Float($0) / 255 - preprocessing.mean[channel]) / preprocessing.standardDeviation[channel] }
        }
        sources = preprocessing.channelOrder == .rgb ? [0, 1, 2] : [2, 1, 0]
    }

    /// What the network sees of an encoded image: `[1, H, W, 3]`, decoded, over white, upright, resized, cropped and
    /// normalised as `preprocessing` says, the pixels before normalisation bit for bit as Pillow makes them from the same
    /// decoded ones.
    ///
    /// Rows are resized as they are decoded, and only what the crop needs of them.
    ///
    /// - Parameter declared: the format that the sender names; nil to go by the first bytes.
    package func tensor(
        of bytes: Span<UInt8>, declared: ImageFormat?, limits: ImageLimits = ImageLimits()
    ) throws(ImageError) -> Tensor {
        let crop = try withDecoder(of: bytes, declared: declared, limits: limits) { decoder throws(ImageError) in
            try centerCrop(decoder, using: preprocessing, kernels: kernels, plan: plan)
        }
        return normalize(crop)
    }

    private func plan(for source: CropPlan.Source) -> CropPlan {
        if let plan = plans.withLock({ $0[source] }) { return plan }
        let plan = CropPlan(source, using: preprocessing)
        plans.withLock { plans in
            if plans.count >= Self.planLimit { plans = [:] }
            plans[source] = plan
        }
        return plan
    }

    /// `(value / 255 - mean) / standardDeviation` for each value, `[1, height, width, 3]`.
    private func normalize(_ image: Image) -> Tensor {
        let (first, second, third) = (sources[0], sources[1], sources[2])
        let elements = [Float](unsafeUninitializedCapacity: image.pixels.count) { elements, count in
            let pixels = image.pixels.span
            count = pixels.count
            normalized.withUnsafeBufferPointer { table in
                for pixel in stride(from: 0, to: pixels.count, by: 3) {
                    elements[pixel] = table[Int(pixels[unchecked: pixel + first])]
                    elements[pixel + 1] = table[256 + Int(pixels[unchecked: pixel + second])]
                    elements[pixel + 2] = table[512 + Int(pixels[unchecked: pixel + third])]
                }
            }
        }
        return Tensor(shape: [1, image.height, image.width, 3], elements: elements)
    }
}
