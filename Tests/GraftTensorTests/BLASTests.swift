import Foundation
import GraftTensor
import Testing

@Suite struct BLASTests {
    /// Below a block of rows, one, one and a bit, several.
    static let orders = [1, 2, 50, 95, 96, 97, 200, 417]

    /// Numbers in `-1...1` that look like chance.
    static func numbers(_ count: Int) -> [Float] { (1...count).map { Float(sin(Double($0) * Double($0) * 0.7)) } }

    /// A symmetric positive definite matrix, `n · I` and a product of random numbers with itself, with NaN below the diagonal,
    /// where nothing may be read.
    static func matrix(order: Int) -> [Float] {
        let factor = numbers(order * order)
        var matrix = [Float](repeating: .nan, count: order * order)
        for i in 0..<order {
            for j in i..<order {
                var sum = i == j ? Double(order) : 0
                for k in 0..<order { sum += Double(factor[k * order + i]) * Double(factor[k * order + j]) }
                matrix[i * order + j] = Float(sum)
            }
        }
        return matrix
    }

    @Test(arguments: InstructionSet.available, orders)
    func aFactorTimesItselfIsTheMatrix(_ set: InstructionSet, _ order: Int) {
        let matrix = Self.matrix(order: order)
        var upper = matrix
        #expect(BLAS.factorize(&upper, order: order, instructionSet: set))
        var worst = 0.0
        for i in 0..<order {
            for j in i..<order {
                var (sum, magnitude) = (0.0, 0.0)
                for k in 0...i {
                    let term = Double(upper[k * order + i]) * Double(upper[k * order + j])
                    (sum, magnitude) = (sum + term, magnitude + term.magnitude)
                }
                // Higham, Accuracy and Stability of Numerical Algorithms, theorem 10.3: i + 2 roundings of each term, and two
                // more for the multiplication with an inverse.
                let slack = magnitude * Double(i + 4) * 0x1p-24
                worst = max(worst, abs(sum - Double(matrix[i * order + j])) / slack)
            }
            for j in 0..<i { #expect(upper[i * order + j].isNaN) }
        }
        #expect(worst <= 1, "\(worst) of what rounding explains")
    }

    /// Wherever the pivot lies that is not positive, in the first block or a later one.
    @Test(arguments: InstructionSet.available, [(1, 0), (97, 5), (97, 96), (417, 300)])
    func anIndefiniteMatrixHasNoFactor(_ set: InstructionSet, _ place: (order: Int, pivot: Int)) {
        var matrix = Self.matrix(order: place.order)
        matrix[place.pivot * (place.order + 1)] = -1
        #expect(!BLAS.factorize(&matrix, order: place.order, instructionSet: set))
    }

    @Test(arguments: orders)
    func solutionsSolve(_ order: Int) {
        var upper = Self.matrix(order: order)
        #expect(BLAS.factorize(&upper, order: order))
        let sides = Self.numbers(3 * order)
        for isTransposed in [false, true] {
            var rows = sides
            BLAS.solve(&rows, count: 3, upper: upper, order: order, transposed: isTransposed)
            for row in 0..<3 {
                for column in 0..<order {
                    // rows · U, or rows · Uᵀ
                    var (sum, magnitude) = (0.0, 0.0)
                    for k in isTransposed ? column..<order : 0..<column + 1 {
                        let weight = upper[isTransposed ? column * order + k : k * order + column]
                        let term = Double(rows[row * order + k]) * Double(weight)
                        (sum, magnitude) = (sum + term, magnitude + term.magnitude)
                    }
                    // As above, with as many roundings as an order has.
                    let slack = magnitude * Double(order + 3) * 0x1p-24
                    #expect(abs(sum - Double(sides[row * order + column])) <= slack)
                }
            }
        }
    }
}
