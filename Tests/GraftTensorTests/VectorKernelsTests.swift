import CKernels
import GraftTensor
import Testing

/// Every kernel, for every instruction set this CPU has, against plain loops in 64-bit.
@Suite struct VectorKernelsTests {
    @Test func scalarOrNeonIsAlwaysAvailable() {
        #expect(InstructionSet.available.contains { $0 == .scalar || $0 == .neon })
    }

    @Test func anUnknownInstructionSetIsRefusedWithThoseThatWork() {
        let error = InstructionSetError.unavailable(name: "mmx", available: InstructionSet.available)
        #expect(throws: error) { try InstructionSet.chosen(forced: "mmx") }
    }

    @Test(arguments: InstructionSet.available)
    func anInstructionSetCanBeForced(_ set: InstructionSet) throws {
        #expect(try InstructionSet.chosen(forced: set.rawValue) == set)
    }

    /// Rows, columns and depth around the sides of every tile: 6, 8 and 12 rows, 8 to 32 columns.
    static let products = [
        (1, 1, 1), (1, 8, 3), (5, 7, 2), (6, 16, 9), (7, 17, 10), (8, 12, 5), (11, 24, 31), (12, 32, 16), (13, 33, 40),
        (23, 40, 27), (49, 80, 96), (100, 15, 8), (3, 100, 200), (500, 31, 4),
    ]

    @Test(arguments: InstructionSet.available, products)
    func productEqualsPlainLoops(_ set: InstructionSet, _ shape: (rows: Int, columns: Int, depth: Int)) {
        let (rows, columns, depth) = shape
        let input = uniform(rows * depth, seed: 1)
        let weights = uniform(columns * depth, seed: 2)
        let bias = uniform(columns, seed: 3)
        let residual = uniform(rows * columns, seed: 4)
        for (addsResidual, clamp) in [(false, Clamp.none), (true, .none), (true, .relu), (false, .relu6)] {
            var expected = [Double](repeating: 0, count: rows * columns)
            for r in 0..<rows {
                for n in 0..<columns {
                    var sum = Double(bias[n]) + (addsResidual ? Double(residual[r * columns + n]) : 0)
                    for k in 0..<depth { sum += Double(input[r * depth + k]) * Double(weights[n * depth + k]) }
                    expected[r * columns + n] = clamp(sum)
                }
            }
            let found = product(
                set, input: input, weights: weights, bias: bias, residual: addsResidual ? residual : nil,
                columns: columns, depth: depth, clamp: clamp, parts: [0..<rows])
            #expect(distance(found, expected) <= tolerance(depth))
        }
    }

    @Test(arguments: InstructionSet.available)
    func productIsBitIdenticalHoweverItsRowsAreSplit(_ set: InstructionSet) {
        let (rows, columns, depth) = (101, 43, 77)
        let input = uniform(rows * depth, seed: 1)
        let weights = uniform(columns * depth, seed: 2)
        let bias = uniform(columns, seed: 3)
        func run(_ parts: [Range<Int>]) -> [Float] {
            product(
                set, input: input, weights: weights, bias: bias, residual: nil, columns: columns, depth: depth,
                clamp: .none, parts: parts)
        }
        let whole = run([0..<rows])
        #expect(run([0..<1, 1..<50, 50..<101]) == whole)
        #expect(run((0..<rows).map { $0..<$0 + 1 }) == whole)
    }

    /// Height, width, channels, outputs, window, stride, zeros before.
    static let convolutions = [
        (8, 8, 3, 32, 3, 2, 0), (9, 7, 3, 32, 3, 2, 1), (5, 5, 16, 9, 3, 1, 1), (11, 13, 3, 20, 7, 2, 3),
        (6, 6, 5, 16, 1, 2, 0), (3, 3, 2, 3, 5, 1, 2), (1, 1, 4, 8, 3, 1, 1), (30, 9, 8, 10, 3, 1, 1),
    ]

    @Test(arguments: InstructionSet.available, convolutions)
    func convolutionEqualsPlainLoops(_ set: InstructionSet, _ shape: (Int, Int, Int, Int, Int, Int, Int)) {
        let (height, width, channels, outputs, kernel, stride, before) = shape
        let depth = kernel * kernel * channels
        let window = Window(
            height: height, width: width, kernel: kernel, stride: stride, before: before,
            outputHeight: (height + 2 * before - kernel) / stride + 1,
            outputWidth: (width + 2 * before - kernel) / stride + 1)
        let input = uniform(height * width * channels, seed: 5)
        let weights = uniform(outputs * depth, seed: 6)
        let bias = uniform(outputs, seed: 7)
        let residual = uniform(window.outputHeight * window.outputWidth * outputs, seed: 8)

        var expected = residual.indices.map { Double(residual[$0]) + Double(bias[$0 % outputs]) }
        window.forEachTap { pixel, tap, source in
            for o in 0..<outputs {
                for c in 0..<channels {
                    expected[pixel * outputs + o] +=
                        Double(input[source * channels + c]) * Double(weights[o * depth + tap * channels + c])
                }
            }
        }

        let panels = packed(set, weights, columns: outputs, depth: depth)
        var output = TensorBuffer(count: residual.count)
        var scratch = TensorBuffer(count: Int(graft_gathered_pixels) * depth)
        lend(input, bias, residual, panels) { lent in
            output.withUnsafeMutablePointer { output in
                scratch.withUnsafeMutablePointer { scratch in
                    let convolution = graft_convolution(
                        height: Int64(height), width: Int64(width), channels: Int64(channels), kernel: Int64(kernel),
                        stride: Int64(stride), padding_top: Int64(before), padding_left: Int64(before),
                        output_width: Int64(window.outputWidth), columns: Int64(outputs), input: lent[0],
                        panels: lent[3], bias: lent[1], residual: lent[2], output: output, clamp: Clamp.none.bounds,
                        scratch: scratch)
                    // In two parts, as two threads would.
                    set.kernels.convolution(convolution, rows: 0..<window.outputHeight / 2)
                    set.kernels.convolution(convolution, rows: window.outputHeight / 2..<window.outputHeight)
                }
            }
        }
        #expect(distance(elements(of: output), expected) <= tolerance(depth))
    }

    /// Side, channels: around a strip of 7 pixels, and around 4, 8 and 16 lanes.
    static let maps = [(1, 1), (2, 3), (6, 8), (7, 16), (8, 5), (13, 17), (14, 24), (15, 33), (16, 40), (28, 12)]

    @Test(arguments: InstructionSet.available, maps)
    func depthwiseEqualsPlainLoops(_ set: InstructionSet, _ shape: (side: Int, channels: Int)) {
        let (side, channels) = shape
        for kernel in [3, 5] {
            for stride in [1, 2] {
                // TensorFlow's "SAME": at stride 2 an even side has one zero fewer before than after.
                let outputSide = (side + stride - 1) / stride
                let before = max(0, (outputSide - 1) * stride + kernel - side) / 2
                let window = Window(
                    height: side, width: side, kernel: kernel, stride: stride, before: before,
                    outputHeight: outputSide, outputWidth: outputSide)
                let input = uniform(side * side * channels, seed: 9)
                let weights = uniform(kernel * kernel * channels, seed: 10)
                let bias = uniform(channels, seed: 11)

                var expected = (0..<outputSide * outputSide * channels).map { Double(bias[$0 % channels]) }
                window.forEachTap { pixel, tap, source in
                    for c in 0..<channels {
                        expected[pixel * channels + c] +=
                            Double(input[source * channels + c]) * Double(weights[tap * channels + c])
                    }
                }
                expected = expected.map { Clamp.relu6($0) }

                let zeros = [Float](repeating: 0, count: channels)
                var output = TensorBuffer(count: expected.count)
                lend(input, weights, bias, zeros) { lent in
                    output.withUnsafeMutablePointer { output in
                        let depthwise = graft_depthwise(
                            height: Int64(side), width: Int64(side), channels: Int64(channels), kernel: Int64(kernel),
                            stride: Int64(stride), padding_top: Int64(before), padding_left: Int64(before),
                            output_width: Int64(outputSide), input: lent[0], weights: lent[1], bias: lent[2],
                            zeros: lent[3], output: output, clamp: Clamp.relu6.bounds)
                        set.kernels.depthwise(depthwise, rows: 0..<outputSide / 2)
                        set.kernels.depthwise(depthwise, rows: outputSide / 2..<outputSide)
                    }
                }
                #expect(distance(elements(of: output), expected) <= tolerance(kernel * kernel))
            }
        }
    }

    @Test(arguments: InstructionSet.available, [(1, 1), (49, 1280), (4, 7), (9, 33)])
    func meanEqualsPlainLoops(_ set: InstructionSet, _ shape: (pixels: Int, channels: Int)) {
        let (pixels, channels) = shape
        let input = uniform(pixels * channels, seed: 12)
        var expected = [Double](repeating: 0, count: channels)
        for i in input.indices { expected[i % channels] += Double(input[i]) / Double(pixels) }
        var output = TensorBuffer(count: channels)
        lend(input) { lent in
            output.withUnsafeMutablePointer { output in
                set.kernels.mean(
                    graft_mean(pixels: Int64(pixels), channels: Int64(channels), input: lent[0], output: output))
            }
        }
        #expect(distance(elements(of: output), expected) <= tolerance(pixels))
    }
}

/// An activation, in 64-bit and as the kernels take it.
private enum Clamp {
    case none, relu, relu6

    var bounds: graft_clamp {
        switch self {
        case .none: graft_clamp(lowest: -.infinity, highest: .infinity)
        case .relu: graft_clamp(lowest: 0, highest: .infinity)
        case .relu6: graft_clamp(lowest: 0, highest: 6)
        }
    }

    func callAsFunction(_ value: Double) -> Double {
        switch self {
        case .none: value
        case .relu: max(0, value)
        case .relu6: min(max(0, value), 6)
        }
    }
}

/// A window that slides over an image, one step at a time.
private struct Window {
    let height, width, kernel, stride, before, outputHeight, outputWidth: Int

    /// Calls `body` with an output pixel, a tap of the window, and the input pixel that lies under it.
    func forEachTap(_ body: (_ pixel: Int, _ tap: Int, _ source: Int) -> Void) {
        for y in 0..<outputHeight {
            for x in 0..<outputWidth {
                for i in 0..<kernel {
                    for j in 0..<kernel {
                        let (row, column) = (y * stride + i - before, x * stride + j - before)
                        guard (0..<height).contains(row) && (0..<width).contains(column) else { continue }
                        body(y * outputWidth + x, i * kernel + j, row * width + column)
                    }
                }
            }
        }
    }
}

private func product(
    _ set: InstructionSet, input: [Float], weights: [Float], bias: [Float], residual: [Float]?, columns: Int,
    depth: Int, clamp: Clamp, parts: [Range<Int>]
) -> [Float] {
    let panels = packed(set, weights, columns: columns, depth: depth)
    var output = TensorBuffer(count: input.count / depth * columns)
    lend(input, panels, bias, residual ?? []) { lent in
        output.withUnsafeMutablePointer { output in
            let product = graft_product(
                columns: Int64(columns), depth: Int64(depth), input: lent[0], panels: lent[1], bias: lent[2],
                residual: residual == nil ? nil : lent[3], output: output, clamp: clamp.bounds)
            for part in parts { set.kernels.product(product, rows: part) }
        }
    }
    return elements(of: output)
}

/// Lends the elements of every array at once; each has some, or is not to be read.
private func lend(_ arrays: [Float]..., body: ([UnsafePointer<Float>]) -> Void) {
    let buffers = arrays.map { array in
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(array.count, 1))
        _ = buffer.initialize(from: array)
        return buffer
    }
    body(buffers.map { UnsafePointer($0.baseAddress!) })
    for buffer in buffers { buffer.deallocate() }
}

private func packed(_ set: InstructionSet, _ weights: [Float], columns: Int, depth: Int) -> [Float] {
    var panels = TensorBuffer(count: set.kernels.packedCount(columns: columns, depth: depth))
    panels.withUnsafeMutablePointer { set.kernels.pack(weights, columns: columns, depth: depth, into: $0) }
    return elements(of: panels)
}

private func elements(of buffer: borrowing TensorBuffer) -> [Float] {
    buffer.withSpan { span in span.indices.map { span[$0] } }
}

/// The largest difference of two elements.
private func distance(_ found: [Float], _ expected: [Double]) -> Double {
    precondition(found.count == expected.count)
    return zip(found, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
}

/// How far a sum of `depth` products, a bias and a residual may be from the exact one, in any order of summation.
///
/// Higham, Accuracy and Stability of Numerical Algorithms, section 3.1: n terms are off by at most n · u · Σ|terms|, with
/// u = ε / 2, and no term here exceeds 1. At depth 200 that is 0.0024, where a product that is wrong, missing or formed
/// twice changes the sum by 0.25 on average.
private func tolerance(_ depth: Int) -> Double {
    let terms = Double(depth + 2)
    return terms * Double(Float.ulpOfOne) / 2 * terms
}

/// `count` numbers in [-1, 1), the same in every run.
private func uniform(_ count: Int, seed: UInt64) -> [Float] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(Int32(truncatingIfNeeded: state >> 32)) / 2_147_483_648
    }
}
