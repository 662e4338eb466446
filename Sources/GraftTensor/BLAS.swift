internal import CKernels
import COpenBLAS

/// Products and factorisations of row-major matrices, by OpenBLAS, of which this is the only caller.
///
/// Everything runs on the thread that calls; parallelism is ours (``ComputePool``). Equal arguments give equal bits.
package enum BLAS {
    /// A matrix to read: its row `r` starts at `elements[offset + r * stride]`.
    package struct Operand<Scalar: Sendable>: Sendable {
        package let elements: [Scalar]
        package let offset: Int
        package let stride: Int
        package let transposed: Bool

        /// - Parameter transposed: Whether the product is to see the matrix with rows and columns exchanged.
        package init(_ elements: [Scalar], offset: Int = 0, stride: Int, transposed: Bool = false) {
            self.elements = elements
            self.offset = offset
            self.stride = stride
            self.transposed = transposed
        }

        /// Traps unless a matrix that the product sees as `[rows, columns]` lies inside `elements`.
        fileprivate func check(rows: Int, columns: Int) {
            let (rows, columns) = transposed ? (columns, rows) : (rows, columns)
            precondition(offset >= 0 && columns <= stride && offset + (rows - 1) * stride + columns <= elements.count)
        }

        fileprivate var transposition: CBLAS_TRANSPOSE { transposed ? CblasTrans : CblasNoTrans }
    }

    /// OpenBLAS splits work over threads of its own unless told not to; evaluated once, before the first call.
    private static let isSingleThreaded: Void = openblas_set_num_threads(1)

    // MARK: - Products

    /// `result = scale · a · b + keep · result`, with `a` `[rows, depth]`, `b` `[depth, columns]`, and `result`
    /// `[rows, columns]` at `offset`, its rows `stride` apart.
    package static func multiply(
        _ a: Operand<Float>, _ b: Operand<Float>, rows: Int, columns: Int, depth: Int, scale: Float = 1,
        keep: Float = 0, into result: inout [Float], offset: Int = 0, stride: Int
    ) {
        guard rows > 0 && columns > 0 && depth > 0 else { return }
        check(a, b, rows: rows, columns: columns, depth: depth, count: result.count, offset: offset, stride: stride)
        withPointers(a, b, &result, offset) { a, b, transpositions, strides, c in
            cblas_sgemm(
                CblasRowMajor, transpositions.0, transpositions.1, Int32(rows), Int32(columns), Int32(depth), scale,
                a, strides.0, b, strides.1, keep, c, Int32(stride))
        }
    }

    /// The same in 64 bits.
    package static func multiply(
        _ a: Operand<Double>, _ b: Operand<Double>, rows: Int, columns: Int, depth: Int, scale: Double = 1,
        keep: Double = 0, into result: inout [Double], offset: Int = 0, stride: Int
    ) {
        guard rows > 0 && columns > 0 && depth > 0 else { return }
        check(a, b, rows: rows, columns: columns, depth: depth, count: result.count, offset: offset, stride: stride)
        withPointers(a, b, &result, offset) { a, b, transpositions, strides, c in
            cblas_dgemm(
                CblasRowMajor, transpositions.0, transpositions.1, Int32(rows), Int32(columns), Int32(depth), scale,
                a, strides.0, b, strides.1, keep, c, Int32(stride))
        }
    }

    /// `upper += scale · aᵀ · a` in the upper triangle of `upper` `[columns, columns]`, with `a` `[rows, columns]`.
    package static func addGram(
        of a: [Float], rows: Int, columns: Int, scale: Float, to upper: inout [Float]
    ) {
        guard rows > 0 && columns > 0 else { return }
        precondition(a.count == rows * columns && upper.count == columns * columns)
        _ = isSingleThreaded
        upper.withUnsafeMutableBufferPointer {
            cblas_ssyrk(
                CblasRowMajor, CblasUpper, CblasTrans, Int32(columns), Int32(rows), scale, a, Int32(columns), 1,
                $0.baseAddress, Int32(columns))
        }
    }

    // MARK: - Cholesky

    /// Rows of a block on the diagonal: so few that it and a strip beside it stay in the first-level cache, and so many that
    /// the product with it is worth its packing.
    static let factorizedRows = 96

    /// Replaces the upper triangle of a symmetric matrix A `[order, order]` by that of U, with A = Uᵀ·U. What is below the
    /// diagonal is neither read nor written.
    ///
    /// A block of rows at a time (Golub and Van Loan, Matrix Computations, 4.2.9): LAPACK factorises it on the diagonal, our
    /// kernel solves for its rest, and a product takes it from the rows below. LAPACK's own takes a fifth longer at an order
    /// of 1280, because its triangular solve runs at half a product's rate.
    ///
    /// - Parameter instructionSet: What our kernel uses.
    /// - Returns: Whether A is positive definite, as far as 32 bits can tell; if not, `upper` holds nothing of use.
    package static func factorize(
        _ upper: inout [Float], order: Int, instructionSet: InstructionSet = .inUse
    ) -> Bool {
        precondition(order > 0 && upper.count == order * order)
        _ = isSingleThreaded
        let kernels = instructionSet.kernels
        var scratch = [Float](repeating: 0, count: kernels.triangleScratch(order: min(order, factorizedRows)))
        return upper.withUnsafeMutableBufferPointer { upper in
            scratch.withUnsafeMutableBufferPointer { scratch in
                for first in Swift.stride(from: 0, to: order, by: factorizedRows) {
                    var (rows, stride) = (Int32(min(factorizedRows, order - first)), Int32(order))
                    let block = upper.baseAddress! + first * (order + 1)
                    var status: Int32 = 0
                    // Fortran is column-major: our upper triangle is its lower one.
                    spotrf_("L", &rows, block, &stride, &status, 1)
                    guard status == 0 else { return false }
                    let rest = order - first - Int(rows)
                    guard rest > 0 else { break }
                    let right = block + Int(rows)
                    kernels.solve(
                        graft_triangle(
                            order: Int64(rows), upper: block, upper_stride: Int64(order), columns: Int64(rest),
                            rows: right, rows_stride: Int64(order), scratch: scratch.baseAddress))
                    cblas_ssyrk(
                        CblasRowMajor, CblasUpper, CblasTrans, Int32(rest), rows, -1, right, stride, 1,
                        right + Int(rows) * order, stride)
                }
                return true
            }
        }
    }

    /// `rows = rows · U⁻¹`, or `rows · U⁻ᵀ` if `transposed`, with U the upper triangle of `upper` `[order, order]` and
    /// `rows` `[count, order]`.
    package static func solve(_ rows: inout [Float], count: Int, upper: [Float], order: Int, transposed: Bool) {
        guard count > 0 else { return }
        precondition(rows.count == count * order && upper.count == order * order)
        _ = isSingleThreaded
        rows.withUnsafeMutableBufferPointer {
            cblas_strsm(
                CblasRowMajor, CblasRight, CblasUpper, transposed ? CblasTrans : CblasNoTrans, CblasNonUnit,
                Int32(count), Int32(order), 1, upper, Int32(order), $0.baseAddress, Int32(order))
        }
    }

    // MARK: - Vectors

    /// Σ aᵢ·bᵢ.
    package static func dot(_ a: [Double], _ b: [Double]) -> Double {
        precondition(a.count == b.count)
        _ = isSingleThreaded
        return cblas_ddot(Int32(a.count), a, 1, b, 1)
    }

    /// `sum += scale · a`.
    package static func add(_ a: [Double], scale: Double, to sum: inout [Double]) {
        precondition(a.count == sum.count)
        _ = isSingleThreaded
        sum.withUnsafeMutableBufferPointer { cblas_daxpy(Int32(a.count), scale, a, 1, $0.baseAddress, 1) }
    }

    /// Σ aᵢ·bᵢ, in 64 bits.
    package static func dot(_ a: [Float], _ b: [Float]) -> Double {
        precondition(a.count == b.count)
        _ = isSingleThreaded
        return cblas_dsdot(Int32(a.count), a, 1, b, 1)
    }

    /// `sum += scale · a`.
    package static func add(_ a: [Float], scale: Float, to sum: inout [Float]) {
        precondition(a.count == sum.count)
        _ = isSingleThreaded
        sum.withUnsafeMutableBufferPointer { cblas_saxpy(Int32(a.count), scale, a, 1, $0.baseAddress, 1) }
    }

    /// `a *= scale`.
    package static func scale(_ a: inout [Float], by scale: Float) {
        _ = isSingleThreaded
        a.withUnsafeMutableBufferPointer { cblas_sscal(Int32($0.count), scale, $0.baseAddress, 1) }
    }

    /// The largest |aᵢ|; 0 of nothing.
    package static func largestMagnitude(_ a: [Float]) -> Float {
        guard !a.isEmpty else { return 0 }
        _ = isSingleThreaded
        return a[Int(cblas_isamax(Int32(a.count), a, 1))].magnitude
    }

    // MARK: -

    private static func check<Scalar>(
        _ a: Operand<Scalar>, _ b: Operand<Scalar>, rows: Int, columns: Int, depth: Int, count: Int, offset: Int,
        stride: Int
    ) {
        a.check(rows: rows, columns: depth)
        b.check(rows: depth, columns: columns)
        precondition(offset >= 0 && columns <= stride && offset + (rows - 1) * stride + columns <= count)
        _ = isSingleThreaded
    }

    private static func withPointers<Scalar>(
        _ a: Operand<Scalar>, _ b: Operand<Scalar>, _ result: inout [Scalar], _ offset: Int,
        _ body: (
            UnsafePointer<Scalar>, UnsafePointer<Scalar>, (CBLAS_TRANSPOSE, CBLAS_TRANSPOSE), (Int32, Int32),
            UnsafeMutablePointer<Scalar>
        ) -> Void
    ) {
        a.elements.withUnsafeBufferPointer { aElements in
            b.elements.withUnsafeBufferPointer { bElements in
                result.withUnsafeMutableBufferPointer { resultElements in
                    body(
                        aElements.baseAddress! + a.offset, bElements.baseAddress! + b.offset,
                        (a.transposition, b.transposition), (Int32(a.stride), Int32(b.stride)),
                        resultElements.baseAddress! + offset)
                }
            }
        }
    }
}
