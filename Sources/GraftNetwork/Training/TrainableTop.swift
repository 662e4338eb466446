import GraftTensor

/// The blocks of a backbone above a cut, with a head, while they train.
///
/// Batch normalisation keeps its stored statistics; filters, γ and β are parameters of their own, so that losses and
/// gradients are those of PyTorch with these layers in `eval()`. Whatever threads help, results are the same bit for bit.
///
/// One thread at a time uses it.
package final class TrainableTop {
    /// The shape of one image's latent.
    package let latent: MapShape
    /// The most images that a batch can have.
    package let batch: Int
    package let head: TopHead
    /// The names of the blocks that train and have parameters, then that of the head: what has a learning rate of its own.
    package let groups: [String]
    let parameters: TrainedParameters
    let pass: TrainingPass
    private let operations: [any TrainingOperation]
    /// How many of the operations, the first, do not train.
    private let frozenOperations: Int
    private let input: BatchMap
    private let featureMap: BatchMap
    private let output: BatchMap

    /// A top with the elements that `elements` returns for each parameter of the blocks and the head.
    ///
    /// - Parameters:
    ///   - frozen: How many of the blocks, the first, stay as they are.
    ///   - threads: As many as those of the workers that it is given, at least.
    ///   - wantsLatentGradient: Whether ``latentGradient(images:)`` is of use.
    /// - Precondition: the last block leaves one pixel.
    package init<E: Error>(
        _ blocks: [Block], frozen: Int = 0, latent: MapShape, head: TopHead, batch: Int, threads: Int = 1,
        instructionSet: InstructionSet, wantsLatentGradient: Bool = false,
        elements: (Parameter) throws(E) -> [Float]
    ) throws(E) {
        precondition(batch >= 1 && threads >= 1 && head.labelCount >= 1 && (0...blocks.count).contains(frozen))
        precondition(frozen == 0 || !wantsLatentGradient, "no gradient passes a frozen block")
        (self.latent, self.batch, self.head) = (latent, batch, head)
        let trained = blocks[frozen...].filter { !$0.parameters.isEmpty }
        groups = trained.map(\.name) + [TopHead.name]
        let features = blocks.reduce(latent) { $1.output(of: $0) }
        precondition(features.pixels == 1, "a head needs features, not maps")
        parameters = try TrainedParameters(
            trained.map(\.parameters) + [head.parameters(features: features.channels)],
            frozen: blocks[..<frozen].flatMap(\.parameters), elements: elements)
        var assembly = TopAssembly(
            latent: BatchMap(latent, batch: batch, wantsGradient: wantsLatentGradient), batch: batch,
            parameters: parameters, instructionSet: instructionSet)
        input = assembly.last
        for block in blocks[..<frozen] { assembly.append(block, isFrozen: true) }
        frozenOperations = assembly.operations.count
        for block in blocks[frozen...] { assembly.append(block) }
        featureMap = assembly.last
        assembly.append(head)
        output = assembly.last
        operations = assembly.operations
        pass = TrainingPass(
            instructionSet, mostChannels: assembly.mostChannels, scratchCount: assembly.scratchCount, threads: threads)
    }

    /// The logits `[N, L]` of the latents `[N, H, W, C]`, with nothing dropped.
    package func logits(of latents: Span<Float>, by worker: Worker = .alone) -> [Float] {
        let images = imageCount(latents)
        pass.run(images: images, by: worker) { forward(latents) }
        return output.values.elements(0..<images * head.labelCount)
    }

    /// The features `[N, D]` and logits `[N, L]` of the latents `[N, H, W, C]`.
    package func outputs(of latents: Span<Float>, by worker: Worker = .alone) -> (features: [Float], logits: [Float]) {
        let logits = logits(of: latents, by: worker)
        return (featureMap.values.elements(0..<logits.count / head.labelCount * featureMap.shape.count), logits)
    }

    /// The loss of a batch of latents `[N, H, W, C]`; ``gradient(of:)`` is then its gradient.
    ///
    /// - Parameters:
    ///   - labels: In `0 ..< head.labelCount`. `[N]`
    ///   - dropoutSeed: Another for each step.
    package func differentiate(
        _ latents: Span<Float>, labels: [Int], loss: SoftmaxCrossEntropy = SoftmaxCrossEntropy(),
        dropoutSeed: UInt64? = nil, by worker: Worker = .alone
    ) -> Double {
        let images = imageCount(latents)
        precondition(labels.count == images && labels.allSatisfy { (0..<head.labelCount).contains($0) })
        return pass.run(images: images, dropoutSeed: dropoutSeed, by: worker) {
            forward(latents)
            let count = images * head.labelCount
            let logits = UnsafeBufferPointer(start: output.values.pointer, count: count).span
            var gradient = UnsafeMutableBufferPointer(start: output.gradient!.pointer, count: count).mutableSpan
            loss.gradient(logits, labels: labels, labelCount: head.labelCount, into: &gradient)
            let value = loss.loss(logits, labels: labels, labelCount: head.labelCount)
            for operation in operations[frozenOperations...].reversed() { operation.backward(pass) }
            return value
        }
    }

    private func forward(_ latents: Span<Float>) {
        latents.withUnsafeBufferPointer { latents in
            let count = latent.count
            pass.share(pass.images) { image, _ in
                (input.values.pointer + image * count).update(from: latents.baseAddress! + image * count, count: count)
            }
        }
        for operation in operations { operation.forward(pass) }
    }

    private func imageCount(_ latents: Span<Float>) -> Int {
        let images = latents.count / latent.count
        precondition(images * latent.count == latents.count && (1...batch).contains(images), "not a batch of latents")
        return images
    }

    // MARK: - Parameters

    /// The elements of the parameter called `name`, in canonical layout.
    package func elements(of name: String) -> [Float] { parameters.elements(name) }

    /// ∂loss/∂parameter, in canonical layout.
    ///
    /// - Precondition: the parameter trains: it is neither a stored statistic nor frozen.
    package func gradient(of name: String) -> [Float] { parameters.gradient(name) }

    /// ∂loss/∂latents `[N, H, W, C]`.
    ///
    /// - Precondition: it was wanted.
    package func latentGradient(images: Int) -> [Float] { input.gradient!.elements(0..<images * latent.count) }

    /// Lends ``weights`` as they are.
    package func withWeights<R>(_ body: (Span<Float>) -> R) -> R {
        body(UnsafeBufferPointer(start: parameters.values.pointer, count: parameters.trainedCount).span)
    }

    /// The elements of all parameters that train, to be kept and brought back.
    package var weights: [Float] {
        get { parameters.values.elements(0..<parameters.trainedCount) }
        set {
            precondition(newValue.count == parameters.trainedCount)
            parameters.values.pointer.update(from: newValue, count: newValue.count)
        }
    }
}
