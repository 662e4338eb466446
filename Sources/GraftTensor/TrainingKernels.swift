package import CKernels

/// The C kernels of training for one instruction set; see `training.h` of `CKernels` for what each computes.
///
/// As in ``VectorKernels``, no way to split an operation over threads changes a bit of the result.
package struct TrainingKernels: @unchecked Sendable {
    // Sendable: the table is constant data of the executable.
    private let table: UnsafePointer<graft_training_kernels>

    init(table: UnsafePointer<graft_training_kernels>) { self.table = table }

    // MARK: - Weights

    /// Writes weights `[columns, depth]`, each row times its `scale`, in the order in which ``VectorKernels/product(_:rows:panels:)``
    /// reads them.
    package func pack(
        _ weights: UnsafePointer<Float>, scale: UnsafePointer<Float>?, columns: Int, depth: Int,
        into packed: UnsafeMutablePointer<Float>, panels: Range<Int>
    ) {
        table.pointee.pack_scaled(
            weights, scale, Int64(columns), Int64(depth), packed, Int64(panels.lowerBound), Int64(panels.upperBound))
    }

    /// Writes weights `[outputs, allTaps, channels]`, each row times its `scale`, as the packed form of
    /// `[channels, taps, outputs]`.
    package func packTransposed(
        _ weights: UnsafePointer<Float>, scale: UnsafePointer<Float>?, outputs: Int, allTaps: Int, channels: Int,
        taps: UnsafeBufferPointer<Int64>, into packed: UnsafeMutablePointer<Float>, panels: Range<Int>
    ) {
        table.pointee.pack_transposed(
            weights, scale, Int64(outputs), Int64(allTaps), Int64(channels), taps.baseAddress, Int64(taps.count),
            packed, Int64(panels.lowerBound), Int64(panels.upperBound))
    }

    // MARK: - Convolutions

    /// Writes the windows of some positions as rows `[positions, taps, channel count]`.
    package func gather(
        _ windows: graft_windows, positions: Range<Int>, taps: Range<Int>, into rows: UnsafeMutablePointer<Float>
    ) {
        withUnsafePointer(to: windows) {
            table.pointee.gather_windows(
                $0, Int64(positions.lowerBound), Int64(positions.upperBound), Int64(taps.lowerBound),
                Int64(taps.upperBound), rows)
        }
    }

    /// Floats of scratch space for ``weightGradient(_:panels:outputs:)``.
    package var weightGradientScratch: Int { Int(graft_weight_gradient_scratch()) }

    /// `panels` are those of taps times channel count columns.
    package func weightGradient(_ gradient: graft_weight_gradient, panels: Range<Int>, outputs: Range<Int>) {
        withUnsafePointer(to: gradient) {
            table.pointee.weight_gradient(
                $0, Int64(panels.lowerBound), Int64(panels.upperBound), Int64(outputs.lowerBound),
                Int64(outputs.upperBound))
        }
    }

    /// `gradient *= scale`; returns what Σ gradient · weight was before.
    package func scaleFilterGradient(
        _ gradient: UnsafeMutablePointer<Float>, weight: UnsafePointer<Float>, count: Int, scale: Float
    ) -> Float {
        table.pointee.scale_filter_gradient(gradient, weight, Int64(count), scale)
    }

    package func depthwiseInputGradient(_ gradient: graft_depthwise_gradient, images: Range<Int>) {
        withUnsafePointer(to: gradient) {
            table.pointee.depthwise_input_gradient($0, Int64(images.lowerBound), Int64(images.upperBound))
        }
    }

    /// - Precondition: `channels` begins at a multiple of 16, and ends at one or at the last channel.
    package func depthwiseWeightGradient(_ gradient: graft_depthwise_gradient, channels: Range<Int>) {
        withUnsafePointer(to: gradient) {
            table.pointee.depthwise_weight_gradient($0, Int64(channels.lowerBound), Int64(channels.upperBound))
        }
    }

    // MARK: - Activations, sums and pooling

    package func activationGradient(_ gradient: graft_activation_gradient) {
        withUnsafePointer(to: gradient) { table.pointee.activation_gradient($0) }
    }

    package func activate(
        _ input: UnsafePointer<Float>, count: Int, _ activation: graft_activation,
        into output: UnsafeMutablePointer<Float>
    ) {
        table.pointee.activate(input, Int64(count), activation, output)
    }

    /// `sums[c] = Σ_r rows[r, c]`
    package func sumRows(
        _ rows: UnsafePointer<Float>, count: Int, columns: Int, into sums: UnsafeMutablePointer<Float>
    ) {
        table.pointee.sum_rows(rows, Int64(count), Int64(columns), sums)
    }

    /// `sum += addend`
    package func add(_ addend: UnsafePointer<Float>, count: Int, to sum: UnsafeMutablePointer<Float>) {
        table.pointee.add(addend, Int64(count), sum)
    }

    package func poolGradient(_ gradient: graft_pool_gradient) {
        withUnsafePointer(to: gradient) { table.pointee.pool_gradient($0) }
    }

    package func meanGradient(
        _ outputGradient: UnsafePointer<Float>, pixels: Int, channels: Int,
        into inputGradient: UnsafeMutablePointer<Float>
    ) {
        table.pointee.mean_gradient(outputGradient, Int64(pixels), Int64(channels), inputGradient)
    }

    // MARK: - Optimisation

    package func adam(_ adam: graft_adam, elements: Range<Int>) {
        withUnsafePointer(to: adam) {
            table.pointee.adam($0, Int64(elements.lowerBound), Int64(elements.upperBound))
        }
    }
}

extension InstructionSet {
    /// The kernels of training.
    ///
    /// - Precondition: this CPU has the instructions.
    package var trainingKernels: TrainingKernels {
        guard let table = graft_training_kernels_for(identifier) else {
            preconditionFailure("this CPU has no \(rawValue)")
        }
        return TrainingKernels(table: table)
    }
}
