import GraftTensor

/// The layers of a top as they are put together, bottom first.
struct TopAssembly {
    private(set) var operations: [any TrainingOperation] = []
    /// The output of the last layer.
    private(set) var last: BatchMap
    private(set) var mostChannels: Int
    private(set) var scratchCount = 0
    private let batch: Int
    private let parameters: TrainedParameters
    private let instructionSet: InstructionSet

    init(latent: BatchMap, batch: Int, parameters: TrainedParameters, instructionSet: InstructionSet) {
        (last, mostChannels) = (latent, latent.shape.channels)
        (self.batch, self.parameters, self.instructionSet) = (batch, parameters, instructionSet)
    }

    /// - Parameter isFrozen: Whether nobody wants the gradients of `block`, nor those of what is before it.
    /// - Precondition: `block` can be trained.
    mutating func append(_ block: Block, isFrozen: Bool = false) {
        guard block.isTrainable, let (layers, shortcut) = block.chain else {
            preconditionFailure("\(block.name) cannot be trained")
        }
        let input = last
        let shape = block.output(of: input.shape)
        // What the last layer writes: a shortcut, which is added there, has the same gradient.
        let output = BatchMap(shape, batch: batch, wantsGradient: !isFrozen)
        var residual: BatchMap?
        var addend: FloatStorage?
        switch shortcut {
        case .none: break
        case .identity:
            residual = input
            addend = output.gradient
        case .projection(let projection):
            let shortcut = BatchMap(addedTo: output, batch: batch)
            residual = shortcut
            // On the way back the projection comes after the first layer, whose gradient is there then.
            append(
                projection, block: block.name, from: input, to: shortcut, residual: nil,
                arrival: input.gradient == nil ? .unwanted : .further)
        }
        for (l, layer) in layers.enumerated() {
            let isLast = l == layers.count - 1
            let from = l == 0 ? input : last
            let to =
                isLast
                ? output : BatchMap(layer.output(of: [from.shape])!, batch: batch, wantsGradient: !isFrozen)
            append(
                layer, block: block.name, from: from, to: to, residual: isLast ? residual : nil,
                arrival: from.gradient == nil ? .unwanted : .first(addend: l == 0 ? addend : nil))
        }
    }

    mutating func append(_ head: TopHead) {
        let features = last.shape.channels
        func map(_ channels: Int) -> BatchMap {
            BatchMap(MapShape(height: 1, width: 1, channels: channels), batch: batch)
        }
        func arrival() -> GradientArrival { last.gradient == nil ? .unwanted : .first(addend: nil) }
        if head.takesRoots {
            let output = map(features)
            operations.append(RootTraining(input: last, output: output, arrival: arrival()))
            last = output
        }
        if let hidden = head.hidden(features: features) {
            append(
                hidden, block: TopHead.name, from: last, to: map(hidden.outputChannels), residual: nil,
                arrival: arrival())
        }
        if head.dropout > 0 {
            let output = map(last.shape.channels)
            operations.append(DropoutTraining(rate: head.dropout, input: last, output: output, arrival: arrival()))
            last = output
        }
        append(
            head.output(features: features), block: TopHead.name, from: last, to: map(head.labelCount), residual: nil,
            arrival: arrival())
    }

    private mutating func append(
        _ layer: Layer, block: String, from input: BatchMap, to output: BatchMap, residual: BatchMap?,
        arrival: GradientArrival
    ) {
        switch layer {
        case .convolution(let convolution):
            return append(convolution, block: block, from: input, to: output, residual: residual, arrival: arrival)
        case .pooling(let pooling):
            operations.append(PoolingTraining(pooling, input: input, output: output, arrival: arrival))
        case .globalAveragePooling:
            operations.append(MeanTraining(input: input, output: output, arrival: arrival))
        case .sum, .product, .concatenation, .activation, .padding:
            preconditionFailure("\(layer.defaultName) cannot be trained")
        }
        last = output
    }

    private mutating func append(
        _ convolution: Convolution, block: String, from input: BatchMap, to output: BatchMap, residual: BatchMap?,
        arrival: GradientArrival
    ) {
        let filters = FilterParameters(convolution, block: block, in: parameters)
        let isFurther = if case .further = arrival { true } else { false }
        // The depthwise kernels add nothing to their sums; the general ones can do it all.
        if convolution.hasDepthwiseKernel && convolution.kernel > 1 && residual == nil && !isFurther {
            operations.append(
                DepthwiseTraining(
                    convolution, filters: filters, input: input, output: output, arrival: arrival, batch: batch))
        } else {
            let operation = ConvolutionTraining(
                convolution, filters: filters, input: input, output: output, residual: residual, arrival: arrival,
                batch: batch, instructionSet: instructionSet)
            scratchCount = max(scratchCount, operation.scratchCount)
            operations.append(operation)
        }
        mostChannels = max(mostChannels, output.shape.channels)
        last = output
    }
}

extension Architecture {
    /// What enters the block numbered `block`, of one image.
    package func latent(before block: Int) -> MapShape {
        let side = preprocessing.cropSide
        return blocks[..<block].reduce(MapShape(height: side, width: side, channels: 3)) { $1.output(of: $0) }
    }
}
