import CKernels
import GraftTensor

extension Backbone {
    /// Computes step `s` of the plan.
    func run(
        _ s: Int, image: UnsafePointer<Float>, weights: UnsafePointer<Float>, arena: UnsafeMutablePointer<Float>
    ) {
        let step = plan.steps[s]
        let place = self.weights.places[s]
        let (inputShape, outputShape) = (plan.maps[step.input], plan.maps[step.output])
        let input = step.input == 0 ? image : UnsafePointer(arena + plan.offsets[step.input])
        let residual = step.residual.map { UnsafePointer(arena + plan.offsets[$0]) }
        let output = arena + plan.offsets[step.output]

        switch step.operation {
        case .product(let convolution):
            kernels.product(
                graft_product(
                    columns: Int64(outputShape.channels), depth: Int64(inputShape.channels), input: input,
                    panels: weights + place.weight, bias: weights + place.bias, residual: residual, output: output,
                    clamp: convolution.activation.clamp),
                rows: 0..<outputShape.pixels)
        case .convolution(let convolution):
            let padding = convolution.paddingBefore(inputShape)
            kernels.convolution(
                graft_convolution(
                    height: Int64(inputShape.height), width: Int64(inputShape.width),
                    channels: Int64(inputShape.channels), kernel: Int64(convolution.kernel),
                    stride: Int64(convolution.stride), padding_top: padding.top, padding_left: padding.left,
                    output_width: Int64(outputShape.width), columns: Int64(outputShape.channels), input: input,
                    panels: weights + place.weight, bias: weights + place.bias, residual: residual, output: output,
                    clamp: convolution.activation.clamp, scratch: arena + step.scratchOffset),
                rows: 0..<outputShape.height)
        case .depthwise(let convolution):
            let padding = convolution.paddingBefore(inputShape)
            kernels.depthwise(
                graft_depthwise(
                    height: Int64(inputShape.height), width: Int64(inputShape.width),
                    channels: Int64(inputShape.channels), kernel: Int64(convolution.kernel),
                    stride: Int64(convolution.stride), padding_top: padding.top, padding_left: padding.left,
                    output_width: Int64(outputShape.width), input: input, weights: weights + place.weight,
                    bias: weights + place.bias, zeros: weights + self.weights.zeros, output: output,
                    clamp: convolution.activation.clamp),
                rows: 0..<outputShape.height)
        case .mean:
            kernels.mean(
                graft_mean(
                    pixels: Int64(inputShape.pixels), channels: Int64(inputShape.channels), input: input,
                    output: output))
        }
    }
}

extension Plan.Operation {
    /// The convolution, if the operation has weights.
    var weighted: Convolution? {
        switch self {
        case .product(let convolution), .convolution(let convolution), .depthwise(let convolution): convolution
        case .mean: nil
        }
    }

    /// Floats of scratch space that the kernel needs.
    var scratchCount: Int {
        if case .convolution(let convolution) = self {
            Int(graft_gathered_pixels) * convolution.depth
        } else {
            0
        }
    }
}

extension Convolution {
    /// How many products an output element sums.
    var depth: Int { kernel * kernel * inputChannels / groups }

    fileprivate func paddingBefore(_ input: MapShape) -> (top: Int64, left: Int64) {
        (
            Int64(padding.along(input: input.height, kernel: kernel, stride: stride).before),
            Int64(padding.along(input: input.width, kernel: kernel, stride: stride).before)
        )
    }
}

extension Activation {
    fileprivate var clamp: graft_clamp {
        switch self {
        case .none: graft_clamp(lowest: -.infinity, highest: .infinity)
        case .relu: graft_clamp(lowest: 0, highest: .infinity)
        case .relu6: graft_clamp(lowest: 0, highest: 6)
        }
    }
}
