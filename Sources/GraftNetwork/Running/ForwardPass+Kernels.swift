import CKernels
import GraftTensor

/// The calls into the kernels.
extension ForwardPass {
    /// Computes a part of step `s`.
    func compute(_ s: Int, _ part: Phase.Part, scratch: UnsafeMutablePointer<Float>) {
        let kernels = blocks.kernels
        let operands = Operands(self, s)
        switch blocks.plan.steps[s].operation {
        case .product(let convolution):
            kernels.product(operands.product(convolution), rows: part.rows, panels: part.panels)
        case .convolution(let convolution):
            kernels.convolution(
                operands.convolution(convolution, scratch: scratch), rows: part.rows, panels: part.panels)
        case .winograd(let convolution, let tiling):
            operands.winograd(convolution, tiling, part, scratch: scratch, kernels: kernels)
        case .depthwise(let convolution):
            kernels.depthwise(operands.depthwise(convolution), rows: part.rows)
        case .invertedResidual(let block):
            operands.invertedResidual(block, lines: part.rows, scratch: scratch, kernels: kernels)
        case .pool(let pooling):
            kernels.pool(operands.pool(pooling), rows: part.rows)
        case .mean:
            kernels.mean(operands.mean)
        case .elementwise(let elementwise):
            compute(elementwise, s, operands, lines: part.rows)
        }
    }

    /// The lines `lines` of the output of step `s`.
    private func compute(_ elementwise: Plan.Elementwise, _ s: Int, _ operands: Operands, lines: Range<Int>) {
        switch elementwise {
        case .sum(let activation): combine(graft_combine_sum, activation, s, operands, lines: lines)
        case .product: combine(graft_combine_product, .none, s, operands, lines: lines)
        case .activation(let activation): combine(graft_combine_first, activation, s, operands, lines: lines)
        case .concatenation: concatenate(s, operands, lines: lines)
        case .padding(let padding): operands.pad(padding, lines: lines)
        }
    }

    private func combine(
        _ combination: graft_combination, _ activation: Activation, _ s: Int, _ operands: Operands, lines: Range<Int>
    ) {
        let (inputs, shape) = (blocks.plan.steps[s].inputs, operands.shape)
        let second = inputs.count > 1 ? inputs[1] : nil
        blocks.kernels.elementwise(
            graft_elementwise(
                channels: Int64(shape.channels), combination: combination,
                second_is_vector: second.map { blocks.plan.maps[$0] != shape } == true ? 1 : 0,
                first: operands.input, second: second.map { pointer(to: $0) }, output: operands.output,
                activation: activation.applied),
            pixels: lines.lowerBound * shape.width..<lines.upperBound * shape.width)
    }

    private func concatenate(_ s: Int, _ operands: Operands, lines: Range<Int>) {
        let (width, channels) = (operands.shape.width, operands.shape.channels)
        var first = 0
        for input in blocks.plan.steps[s].inputs {
            let (source, count) = (pointer(to: input), blocks.plan.maps[input].channels)
            for pixel in lines.lowerBound * width..<lines.upperBound * width {
                (operands.output + pixel * channels + first).update(from: source + pixel * count, count: count)
            }
            first += count
        }
    }
}

/// What a step reads and writes.
private struct Operands {
    let inputShape: MapShape
    /// That of the output.
    let shape: MapShape
    let input: UnsafePointer<Float>
    let residual: UnsafePointer<Float>?
    let output: UnsafeMutablePointer<Float>
    private let packed: UnsafePointer<Float>
    private let places: [PackedWeights.Place]
    /// As many as the input has channels, at least.
    let zeros: UnsafePointer<Float>
    /// Space that the threads of the step share.
    let shared: UnsafeMutablePointer<Float>

    init(_ pass: ForwardPass, _ s: Int) {
        let step = pass.blocks.plan.steps[s]
        places = pass.blocks.weights.places[s]
        packed = pass.blocks.weights.buffer.withUnsafePointer { $0 }
        inputShape = pass.blocks.plan.maps[step.input]
        shape = pass.blocks.plan.maps[step.output]
        input = pass.pointer(to: step.input)
        residual = step.residual.map { pass.pointer(to: $0) }
        output = pass.arenaPointer + pass.blocks.plan.offsets[step.output]
        zeros = packed + pass.blocks.weights.zeros
        shared = pass.arenaPointer + step.sharedOffset
    }

    /// Those of the step's first convolution, or of a later one.
    private func weights(_ index: Int = 0) -> UnsafePointer<Float> { packed + places[index].weight }
    private func bias(_ index: Int = 0) -> UnsafePointer<Float> { packed + places[index].bias }

    func product(_ convolution: Convolution) -> graft_product {
        pixelwise(convolution, 0, from: input, residual: residual, to: output)
    }

    func convolution(_ convolution: Convolution, scratch: UnsafeMutablePointer<Float>) -> graft_convolution {
        let (top, left, _) = convolution.output(of: inputShape)
        return graft_convolution(
            height: Int64(inputShape.height), width: Int64(inputShape.width), channels: Int64(inputShape.channels),
            kernel_height: Int64(convolution.kernel), kernel_width: Int64(convolution.kernel),
            stride: Int64(convolution.stride), dilation: Int64(convolution.dilation),
            groups: Int64(convolution.groups), padding_top: Int64(top), padding_left: Int64(left),
            output_width: Int64(shape.width), columns: Int64(shape.channels), input: input, panels: weights(),
            bias: bias(), residual: residual, output: output, activation: convolution.activation.applied,
            scratch: scratch)
    }

    func depthwise(_ convolution: Convolution) -> graft_depthwise {
        let (top, left, _) = convolution.output(of: inputShape)
        return graft_depthwise(
            height: Int64(inputShape.height), width: Int64(inputShape.width), channels: Int64(inputShape.channels),
            kernel: Int64(convolution.kernel), stride: Int64(convolution.stride), padding_top: Int64(top),
            padding_left: Int64(left), output_width: Int64(shape.width), first_row: 0, first_output_row: 0,
            input: input, weights: weights(), bias: bias(), zeros: zeros, output: output,
            activation: convolution.activation.applied)
    }

    func pool(_ pooling: Pooling) -> graft_pool {
        let (top, left, _) = pooling.output(of: inputShape)
        return graft_pool(
            height: Int64(inputShape.height), width: Int64(inputShape.width), channels: Int64(inputShape.channels),
            kernel: Int64(pooling.kernel), stride: Int64(pooling.stride), padding_top: Int64(top),
            padding_left: Int64(left), output_width: Int64(shape.width), takes_mean: pooling.kind == .max ? 0 : 1,
            counts_padding: pooling.kind == .average(countsPadding: true) ? 1 : 0, input: input, output: output)
    }

    var mean: graft_mean {
        graft_mean(
            pixels: Int64(inputShape.pixels), channels: Int64(inputShape.channels), input: input, output: output)
    }

    /// The lines `lines` of the output, with zeros around the input.
    func pad(_ padding: Padding, lines: Range<Int>) {
        let top = padding.along(.vertical, input: inputShape.height, kernel: 1, stride: 1).before
        let left = padding.along(.horizontal, input: inputShape.width, kernel: 1, stride: 1).before
        let (line, inputLine) = (shape.width * shape.channels, inputShape.width * inputShape.channels)
        for y in lines {
            let to = output + y * line
            to.update(repeating: 0, count: line)
            guard (0..<inputShape.height).contains(y - top) else { continue }
            (to + left * shape.channels).update(from: input + (y - top) * inputLine, count: inputLine)
        }
    }

    /// The lines of output `lines`, a few at a time: what is expanded for them, and filtered, stays in the thread's own
    /// cache.
    func invertedResidual(
        _ block: InvertedResidual, lines: Range<Int>, scratch: UnsafeMutablePointer<Float>, kernels: VectorKernels
    ) {
        let depthwise = block.depthwise
        let (top, left, filtered) = depthwise.output(of: block.expanded)
        let expandedLine = block.expanded.width * block.expanded.channels
        let expanded = scratch, filteredLines = scratch + block.expandedCount
        let depthwiseIndex = block.expand == nil ? 0 : 1
        /// Lines that are expanded, from the beginning of `expanded` on.
        var ready = 0..<0
        for begin in stride(from: lines.lowerBound, to: lines.upperBound, by: block.bandLines) {
            let band = begin..<min(begin + block.bandLines, lines.upperBound)
            let needed = depthwise.linesRead(by: band, top: top, height: block.expanded.height)
            if let expand = block.expand {
                // What this band's windows share with the last one's.
                let kept = max(0, ready.upperBound - needed.lowerBound)
                if kept > 0 {
                    expanded.update(
                        from: expanded + (needed.lowerBound - ready.lowerBound) * expandedLine,
                        count: kept * expandedLine)
                }
                let new = max(needed.lowerBound, ready.upperBound)..<needed.upperBound
                kernels.product(
                    pixelwise(
                        expand, 0, from: input + new.lowerBound * inputShape.width * inputShape.channels, residual: nil,
                        to: expanded + kept * expandedLine),
                    rows: 0..<new.count * inputShape.width, panels: 0..<kernels.panels(columns: expand.outputChannels))
                ready = needed
            }
            kernels.depthwise(
                graft_depthwise(
                    height: Int64(block.expanded.height), width: Int64(block.expanded.width),
                    channels: Int64(block.expanded.channels), kernel: Int64(depthwise.kernel),
                    stride: Int64(depthwise.stride), padding_top: Int64(top), padding_left: Int64(left),
                    output_width: Int64(filtered.width), first_row: Int64(needed.lowerBound),
                    first_output_row: Int64(band.lowerBound),
                    input: block.expand == nil ? input + needed.lowerBound * expandedLine : UnsafePointer(expanded),
                    weights: weights(depthwiseIndex), bias: bias(depthwiseIndex), zeros: zeros, output: filteredLines,
                    activation: depthwise.activation.applied),
                rows: band)
            let offset = band.lowerBound * shape.width * shape.channels
            kernels.product(
                pixelwise(
                    block.project, depthwiseIndex + 1, from: UnsafePointer(filteredLines),
                    residual: residual.map { $0 + offset }, to: output + offset),
                rows: 0..<band.count * shape.width, panels: 0..<kernels.panels(columns: shape.channels))
        }
    }

    /// The 1 × 1 convolution whose weights are the step's `index`-th.
    private func pixelwise(
        _ convolution: Convolution, _ index: Int, from input: UnsafePointer<Float>, residual: UnsafePointer<Float>?,
        to output: UnsafeMutablePointer<Float>
    ) -> graft_product {
        let depth = Int64(convolution.inputChannels)
        return graft_product(
            columns: Int64(convolution.outputChannels), depth: depth, input_stride: depth, further_stretches: 0,
            stretch_stride: 0, input: input, panels: weights(index), panel_depth: depth, first_depth: 0,
            bias: bias(index), residual: residual, output: output, output_stride: Int64(convolution.outputChannels),
            activation: convolution.activation.applied)
    }

    /// Tiles band by band, or one half of the way for the one band that threads share.
    func winograd(
        _ convolution: Convolution, _ tiling: WinogradTiling, _ part: Phase.Part,
        scratch: UnsafeMutablePointer<Float>, kernels: VectorKernels
    ) {
        let (top, left, _) = convolution.output(of: inputShape)
        let ownTransformed = tiling.isShared ? 0 : tiling.transformedCount(channels: inputShape.channels)
        var winograd = graft_winograd(
            tile: Int64(tiling.tile), height: Int64(inputShape.height), width: Int64(inputShape.width),
            channels: Int64(inputShape.channels), padding_top: Int64(top), padding_left: Int64(left),
            output_height: Int64(shape.height), output_width: Int64(shape.width), columns: Int64(shape.channels),
            input: input, panels: weights(), bias: bias(), residual: residual, output: output,
            activation: convolution.activation.applied, zeros: zeros, first_tile: 0,
            tile_count: Int64(tiling.tileCount), transformed: tiling.isShared ? shared : scratch,
            scratch: scratch + ownTransformed)
        switch part.half {
        case .first: kernels.winogradTransform(winograd, tiles: part.rows)
        case .second: kernels.winogradMultiply(winograd, tiles: part.rows, panels: part.panels)
        case .both:
            let bands = (part.rows.count + tiling.bandCount - 1) / tiling.bandCount
            for b in 0..<bands {
                let first = part.rows.lowerBound + part.rows.count * b / bands
                let tiles = first..<part.rows.lowerBound + part.rows.count * (b + 1) / bands
                winograd.first_tile = Int64(first)
                winograd.tile_count = Int64(tiles.count)
                kernels.winogradTransform(winograd, tiles: tiles)
                kernels.winogradMultiply(winograd, tiles: tiles, panels: part.panels)
            }
        }
    }
}

extension Activation {
    /// As the kernels take it.
    var applied: graft_activation {
        switch self {
        case .none: graft_activation(lowest: -.infinity, highest: .infinity, curve: graft_curve_none)
        case .relu: graft_activation(lowest: 0, highest: .infinity, curve: graft_curve_none)
        case .relu6: graft_activation(lowest: 0, highest: 6, curve: graft_curve_none)
        case .silu: graft_activation(lowest: -.infinity, highest: .infinity, curve: graft_curve_silu)
        case .hardSwish: graft_activation(lowest: -.infinity, highest: .infinity, curve: graft_curve_hard_swish)
        case .gelu: graft_activation(lowest: -.infinity, highest: .infinity, curve: graft_curve_gelu)
        case .sigmoid: graft_activation(lowest: -.infinity, highest: .infinity, curve: graft_curve_sigmoid)
        case .hardSigmoid: graft_activation(lowest: -.infinity, highest: .infinity, curve: graft_curve_hard_sigmoid)
        }
    }
}
