import Foundation

/// An operator on one number, by ONNX's name.
enum UnaryOperator: String {
    case Abs, Ceil, Erf, Exp, Floor, Log, Neg, Not, Reciprocal, Relu, Round, Sigmoid, Sign, Sqrt

    func callAsFunction(_ x: Double) -> Double {
        switch self {
        case .Abs: abs(x)
        case .Ceil: x.rounded(.up)
        case .Erf: erf(x)
        case .Exp: exp(x)
        case .Floor: x.rounded(.down)
        case .Log: log(x)
        case .Neg: -x
        case .Not: x == 0 ? 1 : 0
        case .Reciprocal: 1 / x
        case .Relu: max(x, 0)
        case .Round: x.rounded(.toNearestOrEven)
        case .Sigmoid: 1 / (1 + exp(-x))
        case .Sign: x > 0 ? 1 : x < 0 ? -1 : 0
        case .Sqrt: x.squareRoot()
        }
    }

    /// nil for operators on reals only.
    func callAsFunction(_ x: Int64) -> Int64? {
        switch self {
        case .Abs: x < 0 ? 0 &- x : x
        case .Ceil, .Floor, .Round: x
        case .Neg: 0 &- x
        case .Not: x == 0 ? 1 : 0
        case .Relu: max(x, 0)
        case .Sign: x.signum()
        case .Erf, .Exp, .Log, .Reciprocal, .Sigmoid, .Sqrt: nil
        }
    }
}

/// An operator on two numbers, by ONNX's name.
enum BinaryOperator: String {
    case Add, And, Div, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Max, Min, Mod, Mul, Or, Pow, Sub, Xor

    var isComparison: Bool {
        switch self {
        case .Equal, .Greater, .GreaterOrEqual, .Less, .LessOrEqual, .And, .Or, .Xor: true
        case .Add, .Div, .Max, .Min, .Mod, .Mul, .Pow, .Sub: false
        }
    }

    func callAsFunction(_ x: Double, _ y: Double) -> Double {
        switch self {
        case .Add: x + y
        case .And: x != 0 && y != 0 ? 1 : 0
        case .Div: x / y
        case .Equal: x == y ? 1 : 0
        case .Greater: x > y ? 1 : 0
        case .GreaterOrEqual: x >= y ? 1 : 0
        case .Less: x < y ? 1 : 0
        case .LessOrEqual: x <= y ? 1 : 0
        case .Max: max(x, y)
        case .Min: min(x, y)
        case .Mod: fmod(x, y)
        case .Mul: x * y
        case .Or: x != 0 || y != 0 ? 1 : 0
        case .Pow: pow(x, y)
        case .Sub: x - y
        case .Xor: (x != 0) != (y != 0) ? 1 : 0
        }
    }

    /// nil for a division by 0, and for powers, which are taken as reals.
    func callAsFunction(_ x: Int64, _ y: Int64) -> Int64? {
        switch self {
        case .Add: return x &+ y
        case .Sub: return x &- y
        case .Mul: return x &* y
        // Integers are divided towards 0, as in C; the remainder has the divisor's sign, as in Python.
        case .Div: return y == 0 ? nil : x.dividedReportingOverflow(by: y).partialValue
        case .Mod:
            guard y != 0, y != -1 else { return y == 0 ? nil : 0 }
            let remainder = x % y
            return remainder != 0 && (remainder < 0) != (y < 0) ? remainder + y : remainder
        case .Max: return max(x, y)
        case .Min: return min(x, y)
        case .Equal: return x == y ? 1 : 0
        case .Greater: return x > y ? 1 : 0
        case .GreaterOrEqual: return x >= y ? 1 : 0
        case .Less: return x < y ? 1 : 0
        case .LessOrEqual: return x <= y ? 1 : 0
        case .And: return x != 0 && y != 0 ? 1 : 0
        case .Or: return x != 0 || y != 0 ? 1 : 0
        case .Xor: return (x != 0) != (y != 0) ? 1 : 0
        case .Pow: return nil
        }
    }
}

/// An operator on all numbers along some axes, by ONNX's name.
enum ReductionOperator: String {
    case ReduceMax, ReduceMean, ReduceMin, ReduceProd, ReduceSum

    func callAsFunction(_ x: Double, _ y: Double) -> Double {
        switch self {
        case .ReduceMax: max(x, y)
        case .ReduceMin: min(x, y)
        case .ReduceProd: x * y
        case .ReduceSum, .ReduceMean: x + y
        }
    }

    var start: Double {
        switch self {
        case .ReduceMax: -.infinity
        case .ReduceMin: .infinity
        case .ReduceProd: 1
        case .ReduceSum, .ReduceMean: 0
        }
    }
}

extension ConstantMemory {
    mutating func applied(_ operation: UnaryOperator, _ constant: Constant) throws(ImportError) -> Constant {
        try claim(constant.count)
        guard case .integers(let integers) = try loaded(constant).elements else {
            return Constant(shape: constant.shape, .reals(try reals(constant).map { operation($0) }))
        }
        let results = integers.compactMap { operation($0) }
        guard results.count == integers.count else {
            throw .malformed(detail: "\(operation.rawValue) of integers")
        }
        return Constant(shape: constant.shape, .integers(results))
    }

    mutating func applied(_ operation: BinaryOperator, _ a: Constant, _ b: Constant) throws(ImportError) -> Constant {
        guard let shape = broadcast(a.shape, b.shape) else {
            throw .malformed(detail: "\(operation.rawValue) of tensors of shapes \(a.shape) and \(b.shape)")
        }
        let (x, y) = (try expanded(a, to: shape), try expanded(b, to: shape))
        try claim(shape: shape)
        if case .integers(let x) = x.elements, case .integers(let y) = y.elements, operation != .Pow {
            var results: [Int64] = []
            results.reserveCapacity(x.count)
            for i in x.indices {
                guard let result = operation(x[i], y[i]) else {
                    throw .malformed(detail: "\(operation.rawValue) divides an integer by 0")
                }
                results.append(result)
            }
            return Constant(shape: shape, .integers(results))
        }
        let (xs, ys) = (try reals(x), try reals(y))
        let results = xs.indices.map { operation(xs[$0], ys[$0]) }
        let constant = Constant(shape: shape, .reals(results))
        return operation.isComparison || a.isInteger && b.isInteger ? try integral(constant) : constant
    }

    /// `a` where `condition` holds, and `b` elsewhere.
    mutating func chosen(_ condition: Constant, _ a: Constant, _ b: Constant) throws(ImportError) -> Constant {
        guard let shape = broadcast(a.shape, b.shape), let shape = broadcast(condition.shape, shape) else {
            throw .malformed(detail: "Where of tensors of shapes \(condition.shape), \(a.shape) and \(b.shape)")
        }
        let (x, y) = (try expanded(a, to: shape), try expanded(b, to: shape))
        let condition = try reals(try expanded(condition, to: shape))
        try claim(shape: shape)
        if case .integers(let x) = x.elements, case .integers(let y) = y.elements {
            return Constant(shape: shape, .integers(x.indices.map { condition[$0] != 0 ? x[$0] : y[$0] }))
        }
        let (xs, ys) = (try reals(x), try reals(y))
        return Constant(shape: shape, .reals(xs.indices.map { condition[$0] != 0 ? xs[$0] : ys[$0] }))
    }

    /// Each element towards 0, as a cast does.
    mutating func integral(_ constant: Constant) throws(ImportError) -> Constant {
        guard !constant.isInteger else { return Constant(shape: constant.shape, constant.elements) }
        let reals = try reals(constant)
        try claim(reals.count)
        var integers: [Int64] = []
        integers.reserveCapacity(reals.count)
        for real in reals {
            guard let integer = Int64(exactly: real.rounded(.towardZero)) else {
                throw .malformed(detail: "\(real) becomes an integer")
            }
            integers.append(integer)
        }
        return Constant(shape: constant.shape, .integers(integers))
    }

    mutating func real(_ constant: Constant) throws(ImportError) -> Constant {
        constant.isInteger ? Constant(shape: constant.shape, .reals(try reals(constant))) : constant
    }

    /// - Precondition: `axes` are axes of `constant`.
    mutating func reduced(
        _ operation: ReductionOperator, _ constant: Constant, axes: [Int], keepsSides: Bool
    ) throws(ImportError) -> Constant {
        let order = constant.shape.indices.filter { !axes.contains($0) } + axes
        let values = try reals(try transposed(constant, order))
        let length = axes.reduce(1) { $0 * constant.shape[$1] }
        let kept = constant.shape.indices.filter { !axes.contains($0) }.map { constant.shape[$0] }
        let count = kept.reduce(1, *)
        try claim(count)
        let results = (0..<count).map { i in
            let sum = values[i * length..<(i + 1) * length].reduce(operation.start) { operation($0, $1) }
            return operation == .ReduceMean ? sum / Double(length) : sum
        }
        let shape =
            keepsSides ? constant.shape.indices.map { axes.contains($0) ? 1 : constant.shape[$0] } : kept
        let reduced = Constant(shape: shape, .reals(results))
        return constant.isInteger ? try integral(reduced) : reduced
    }
}
