import GraftTensor
import Synchronization

/// Makes of encoded images what a network sees of them, and keeps what many of them need alike.
package final class Preprocessor: Sendable {
    package let preprocessing: Preprocessing
    private let kernels: VectorKernels
    private let normalization: Normalization
    private let plans = Mutex<[CropPlan.Source: CropPlan]>([:])
    /// Cameras send one size; whoever sends many gets a plan for each image.
    private static let planLimit = 16

    package init(_ preprocessing: Preprocessing, instructionSet: InstructionSet = .best) {
        self.preprocessing = preprocessing
        kernels = instructionSet.kernels
        normalization = Normalization(preprocessing)
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
        try withDecoder(of: bytes, declared: declared, limits: limits) { decoder throws(ImageError) in
            func resampler(_ normalization: Normalization?) throws(ImageError) -> Resampler {
                try resample(
                    decoder, using: preprocessing, normalization: normalization, kernels: kernels, plan: plan)
            }
            let orientation = decoder.header.orientation
            if orientation == .up { return try resampler(normalization).finishNormalized() }
            let crop = try resampler(nil).finish().oriented(orientation)
            var elements: [Float] = []
            normalization.normalize(crop.pixels, appendingTo: &elements, kernels: kernels)
            return Tensor(shape: [1, crop.height, crop.width, 3], elements: elements)
        }
    }

    private func plan(for source: CropPlan.Source) -> CropPlan {
        if let plan = plans.withLock({ $0[source] }) { return plan }
        let plan = CropPlan(source, using: preprocessing, kernels: kernels)
        plans.withLock { plans in
            if plans.count >= Self.planLimit { plans = [:] }
            plans[source] = plan
        }
        return plan
    }
}
