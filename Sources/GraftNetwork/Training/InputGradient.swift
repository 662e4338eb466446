import CKernels
import GraftTensor

/// The gradient of a convolution's input: windows over that of its output, times the transposed filters.
///
/// With a stride of s, the pixels of the input fall into s² phases by their place modulo s. Those of a phase lie in the
/// windows of neighbouring outputs, at the same taps.
final class InputGradient {
    private struct Phase {
        /// The first pixel.
        let row: Int
        let column: Int
        /// nil if the pixels lie in no window.
        let product: WindowProduct?
        let gridHeight: Int
        let gridWidth: Int
    }

    private let convolution: Convolution
    private let input: BatchMap
    private let outputGradient: FloatStorage
    private let gradient: FloatStorage
    /// Whether the gradient is added to what is there.
    private let accumulates: Bool
    /// Is added where it is not.
    private let addend: FloatStorage?
    private let phases: [Phase]
    /// For one phase at a time.
    private let packed: FloatStorage
    let scratchCount: Int

    /// nil if nobody wants it.
    init?(
        _ convolution: Convolution, input: BatchMap, output: BatchMap, arrival: GradientArrival,
        kernels: VectorKernels
    ) {
        switch arrival {
        case .unwanted: return nil
        case .first(let addend): (accumulates, self.addend) = (false, addend)
        case .further: (accumulates, addend) = (true, nil)
        }
        self.convolution = convolution
        self.input = input
        outputGradient = output.gradient!
        gradient = input.gradient!
        let (top, left, _) = convolution.output(of: input.shape)
        let stride = convolution.stride
        // Where along an axis the windows lie that have the pixel `phase` at their tap `tap`; nil if there are none.
        func offset(_ phase: Int, tap: Int, before: Int) -> Int? {
            let distance = phase + before - tap * convolution.dilation
            return distance % stride == 0 ? distance / stride : nil
        }
        phases = (0..<min(stride, input.shape.height)).flatMap { row in
            (0..<min(stride, input.shape.width)).map { column in
                var taps: [(row: Int, column: Int, index: Int)] = []
                for i in 0..<convolution.kernel {
                    guard let y = offset(row, tap: i, before: top) else { continue }
                    for j in 0..<convolution.kernel {
                        guard let x = offset(column, tap: j, before: left) else { continue }
                        taps.append((y, x, i * convolution.kernel + j))
                    }
                }
                let gridHeight = (input.shape.height - row + stride - 1) / stride
                let gridWidth = (input.shape.width - column + stride - 1) / stride
                let product =
                    taps.isEmpty
                    ? nil
                    : WindowProduct(
                        over: output.shape, gridHeight: gridHeight, gridWidth: gridWidth, step: 1, taps: Taps(taps),
                        groups: convolution.groups, columns: convolution.inputChannels, kernels: kernels)
                return Phase(row: row, column: column, product: product, gridHeight: gridHeight, gridWidth: gridWidth)
            }
        }
        packed = FloatStorage(count: phases.compactMap(\.product?.weightCount).max() ?? 0)
        scratchCount =
            phases.map { phase in
                guard let product = phase.product else { return 0 }
                return product.scratchCount + (stride == 1 ? 0 : product.rowCount * convolution.inputChannels)
            }.max() ?? 0
    }

    func compute(_ pass: TrainingPass, filters: FilterParameters) {
        for phase in phases {
            guard let product = phase.product else {
                if !accumulates { writeAddend(pass, phase) }
                continue
            }
            pack(pass, product, filters)
            let isWhole = convolution.stride == 1
            pass.share(pass.images * product.pixels, atMost: product.rowCount) { [self] rows, scratch in
                if isWhole {
                    computeInPlace(rows, product, scratch, pass)
                } else {
                    computeScattered(rows, phase, product, scratch, pass)
                }
            }
        }
    }

    private func pack(_ pass: TrainingPass, _ product: WindowProduct, _ filters: FilterParameters) {
        let (outputs, channels) = (
            convolution.outputChannels / convolution.groups, convolution.inputChannels / convolution.groups
        )
        let allTaps = convolution.kernel * convolution.kernel
        for group in 0..<convolution.groups {
            pass.share(product.panels, atMost: max(1, 16384 / (outputs * product.taps.count))) { [self] panels, _ in
                pass.trainingKernels.packTransposed(
                    filters.weight.values + group * outputs * convolution.depth,
                    scale: filters.scale.map { $0 + group * outputs }, outputs: outputs, allTaps: allTaps,
                    channels: channels, taps: product.taps.indices,
                    into: packed.pointer + product.weightOffset(group: group), panels: panels)
            }
        }
    }

    private func computeInPlace(
        _ rows: Range<Int>, _ product: WindowProduct, _ scratch: UnsafeMutablePointer<Float>, _ pass: TrainingPass
    ) {
        let offset = rows.lowerBound * convolution.inputChannels
        product.compute(
            rows, of: outputGradient.pointer, weights: packed.pointer,
            into: WindowProduct.Result(
                bias: accumulates ? nil : UnsafePointer(pass.zeros.pointer),
                residual: addend.map { UnsafePointer($0.pointer + offset) }, activation: Activation.none.applied,
                output: gradient.pointer + offset),
            scratch: scratch, pass: pass)
    }

    /// The pixels of a phase do not lie side by side: they are computed aside, then put where they belong.
    private func computeScattered(
        _ rows: Range<Int>, _ phase: Phase, _ product: WindowProduct, _ scratch: UnsafeMutablePointer<Float>,
        _ pass: TrainingPass
    ) {
        let channels = convolution.inputChannels
        let aside = scratch + product.scratchCount
        product.compute(
            rows, of: outputGradient.pointer, weights: packed.pointer,
            into: WindowProduct.Result(
                bias: UnsafePointer(pass.zeros.pointer), residual: nil, activation: Activation.none.applied,
                output: aside),
            scratch: scratch, pass: pass)
        for (r, position) in rows.enumerated() {
            let pixel = offset(of: position, phase)
            if accumulates {
                pass.trainingKernels.add(aside + r * channels, count: channels, to: gradient.pointer + pixel)
                continue
            }
            (gradient.pointer + pixel).update(from: aside + r * channels, count: channels)
            if let addend {
                pass.trainingKernels.add(addend.pointer + pixel, count: channels, to: gradient.pointer + pixel)
            }
        }
    }

    /// No window has the pixels of this phase: nothing arrives but the addend.
    private func writeAddend(_ pass: TrainingPass, _ phase: Phase) {
        let channels = convolution.inputChannels
        pass.share(pass.images) { [self] image, _ in
            let pixels = phase.gridHeight * phase.gridWidth
            for position in image * pixels..<(image + 1) * pixels {
                let pixel = offset(of: position, phase)
                (gradient.pointer + pixel).update(
                    from: addend.map { $0.pointer + pixel } ?? pass.zeros.pointer, count: channels)
            }
        }
    }

    /// Where the pixel at a position of a phase's grids begins.
    private func offset(of position: Int, _ phase: Phase) -> Int {
        let line = position / phase.gridWidth
        let (image, y, x) = (line / phase.gridHeight, line % phase.gridHeight, position % phase.gridWidth)
        let row = y * convolution.stride + phase.row, column = x * convolution.stride + phase.column
        return ((image * input.shape.height + row) * input.shape.width + column) * convolution.inputChannels
    }
}
