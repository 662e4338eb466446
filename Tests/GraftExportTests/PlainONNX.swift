import Foundation

/// Reads an ONNX file's fields and runs its nodes as plain loops in 64 bits, straight from the operators' definitions
/// (https://onnx.ai/onnx/operators): slow, and independent of what wrote the file.
struct PlainONNX {
    struct Tensor {
        var shape: [Int]
        var elements: [Double]
    }

    struct Node {
        var inputs: [String] = []
        var outputs: [String] = []
        var operation = ""
        var integers: [String: [Int]] = [:]
        var floats: [String: Double] = [:]
    }

    private(set) var nodes: [Node] = []
    private(set) var constants: [String: Tensor] = [:]
    private(set) var metadata: [String: String] = [:]
    private(set) var operatorSet = 0
    private(set) var inputs: [String] = []
    private(set) var outputs: [String] = []

    init(_ bytes: [UInt8]) {
        for field in fields(bytes[...]) {
            switch field.number {
            case 7: readGraph(field.bytes)
            case 8: operatorSet = fields(field.bytes).first { $0.number == 2 }!.integer
            case 14:
                let entry = fields(field.bytes)
                metadata[entry[0].text] = entry[1].text
            default: break
            }
        }
    }

    private mutating func readGraph(_ bytes: ArraySlice<UInt8>) {
        for field in fields(bytes) {
            switch field.number {
            case 1: nodes.append(node(field.bytes))
            case 5:
                var (name, shape, type, raw) = ("", [Int](), 0, ArraySlice<UInt8>())
                for part in fields(field.bytes) {
                    switch part.number {
                    case 1: shape.append(part.integer)
                    case 2: type = part.integer
                    case 8: name = part.text
                    default: raw = part.bytes
                    }
                }
                let elements = raw.withUnsafeBytes { raw in
                    type == 1
                        ? (0..<raw.count / 4).map {
                            Double(raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self))
                        }
                        : (0..<raw.count / 8).map {
                            Double(raw.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self))
                        }
                }
                constants[name] = Tensor(shape: shape, elements: elements)
            case 11: inputs.append(fields(field.bytes)[0].text)
            case 12: outputs.append(fields(field.bytes)[0].text)
            default: break
            }
        }
    }

    private func node(_ bytes: ArraySlice<UInt8>) -> Node {
        var node = Node()
        for field in fields(bytes) {
            switch field.number {
            case 1: node.inputs.append(field.text)
            case 2: node.outputs.append(field.text)
            case 4: node.operation = field.text
            case 5:
                let parts = fields(field.bytes)
                let name = parts[0].text
                node.integers[name] = parts.filter { $0.number == 3 || $0.number == 8 }.map(\.integer)
                node.floats[name] = parts.first { $0.number == 2 }.map { Double($0.float) }
            default: break
            }
        }
        return node
    }

    /// The value called `output` for `input` `[1, C, H, W]`.
    func run(_ input: Tensor, output: String) -> Tensor {
        var values = constants
        values[inputs[0]] = input
        for node in nodes {
            let inputs = node.inputs.map { values[$0]! }
            precondition(values[node.outputs[0]] == nil, "\(node.outputs[0]) is written twice")
            values[node.outputs[0]] = compute(node, inputs)
        }
        return values[output]!
    }

    private func compute(_ node: Node, _ x: [Tensor]) -> Tensor {
        func each(_ body: (Double) -> Double) -> Tensor {
            Tensor(shape: x[0].shape, elements: x[0].elements.map(body))
        }
        switch node.operation {
        case "Conv": return convolution(node, x[0], x[1], x[2])
        case "MaxPool", "AveragePool": return pooling(node, x[0])
        case "GlobalAveragePool":
            let (c, places) = (x[0].shape[1], x[0].shape[2] * x[0].shape[3])
            return Tensor(
                shape: [1, c, 1, 1],
                elements: (0..<c).map { x[0].elements[$0 * places..<($0 + 1) * places].reduce(0, +) / Double(places) })
        case "Identity": return x[0]
        case "Relu": return each { max($0, 0) }
        case "Clip":
            let (low, high) = (x[1].elements[0], x[2].elements[0])
            return each { min(max($0, low), high) }
        case "Sigmoid": return each { 1 / (1 + exp(-$0)) }
        case "HardSigmoid":
            let (alpha, beta) = (node.floats["alpha"]!, node.floats["beta"]!)
            return each { min(max(alpha * $0 + beta, 0), 1) }
        case "HardSwish": return each { $0 * min(max($0 / 6 + 0.5, 0), 1) }
        case "Erf": return each { erf($0) }
        case "Abs": return each { abs($0) }
        case "Sqrt": return each { $0.squareRoot() }
        case "Round": return each { $0.rounded(.toNearestOrEven) }
        case "Sign": return each { $0 == 0 ? 0 : $0 < 0 ? -1 : 1 }
        case "Add": return both(x[0], x[1], +)
        case "Mul": return both(x[0], x[1], *)
        case "Div": return both(x[0], x[1], /)
        case "Min": return both(x[0], x[1], Swift.min)
        case "Concat":
            return Tensor(
                shape: [1, x.reduce(0) { $0 + $1.shape[1] }, x[0].shape[2], x[0].shape[3]],
                elements: x.flatMap(\.elements))
        case "Pad":
            let pads = x[1].elements.map { Int($0) }
            let (padded, _, _) = padded(x[0], [pads[2], pads[3], pads[6], pads[7]], with: 0)
            return padded
        case "Flatten": return Tensor(shape: [1, x[0].elements.count], elements: x[0].elements)
        case "Gemm":
            precondition(node.integers["transB"] == [1])
            let (rows, depth) = (x[1].shape[0], x[1].shape[1])
            return Tensor(
                shape: [1, rows],
                elements: (0..<rows).map { row in
                    (0..<depth).reduce(x[2].elements[row]) {
                        $0 + x[0].elements[$1] * x[1].elements[row * depth + $1]
                    }
                })
        case "Softmax":
            let largest = x[0].elements.max()!
            let sum = x[0].elements.reduce(0) { $0 + exp($1 - largest) }
            return each { exp($0 - largest) / sum }
        default: preconditionFailure("no test knows \(node.operation)")
        }
    }

    /// Of one shape, or one of them a scalar or `[1, C, 1, 1]`.
    private func both(_ a: Tensor, _ b: Tensor, _ body: (Double, Double) -> Double) -> Tensor {
        let (large, small) = a.elements.count >= b.elements.count ? (a, b) : (b, a)
        let repeats = large.elements.count / max(small.elements.count, 1)
        precondition(
            small.elements.count == 1 || small.shape == large.shape
                || (small.shape[1] == large.shape[1] && small.elements.count == small.shape[1]))
        return Tensor(
            shape: large.shape,
            elements: large.elements.indices.map {
                a.elements.count >= b.elements.count
                    ? body(a.elements[$0], b.elements[$0 / repeats]) : body(a.elements[$0 / repeats], b.elements[$0])
            })
    }

    private func padded(_ x: Tensor, _ pads: [Int], with value: Double) -> (Tensor, height: Int, width: Int) {
        let (c, h, w) = (x.shape[1], x.shape[2], x.shape[3])
        let (height, width) = (h + pads[0] + pads[2], w + pads[1] + pads[3])
        var result = Tensor(
            shape: [1, c, height, width], elements: [Double](repeating: value, count: c * height * width))
        for channel in 0..<c {
            for y in 0..<h {
                for column in 0..<w {
                    result.elements[(channel * height + y + pads[0]) * width + column + pads[1]] =
                        x.elements[(channel * h + y) * w + column]
                }
            }
        }
        return (result, height, width)
    }

    private func convolution(_ node: Node, _ x: Tensor, _ weight: Tensor, _ bias: Tensor) -> Tensor {
        let (stride, dilation) = (node.integers["strides"]!, node.integers["dilations"]!)
        let (input, height, width) = padded(x, node.integers["pads"]!, with: 0)
        let (filters, depth, kh, kw) = (weight.shape[0], weight.shape[1], weight.shape[2], weight.shape[3])
        let perGroup = filters / node.integers["group"]![0]
        let outHeight = (height - (kh - 1) * dilation[0] - 1) / stride[0] + 1
        let outWidth = (width - (kw - 1) * dilation[1] - 1) / stride[1] + 1
        var output: [Double] = []
        for filter in 0..<filters {
            for y in 0..<outHeight {
                for column in 0..<outWidth {
                    var sum = bias.elements[filter]
                    for i in 0..<depth {
                        let channel = filter / perGroup * depth + i
                        for ky in 0..<kh {
                            for kx in 0..<kw {
                                let row = channel * height + y * stride[0] + ky * dilation[0]
                                sum +=
                                    weight.elements[((filter * depth + i) * kh + ky) * kw + kx]
                                    * input.elements[row * width + column * stride[1] + kx * dilation[1]]
                            }
                        }
                    }
                    output.append(sum)
                }
            }
        }
        return Tensor(shape: [1, filters, outHeight, outWidth], elements: output)
    }

    private func pooling(_ node: Node, _ x: Tensor) -> Tensor {
        let (kernel, stride) = (node.integers["kernel_shape"]!, node.integers["strides"]!)
        let isMax = node.operation == "MaxPool"
        // What is not a number marks the outside.
        let (input, height, width) = padded(x, node.integers["pads"]!, with: .nan)
        let outHeight = (height - kernel[0]) / stride[0] + 1, outWidth = (width - kernel[1]) / stride[1] + 1
        var output: [Double] = []
        for channel in 0..<x.shape[1] {
            for y in 0..<outHeight {
                for column in 0..<outWidth {
                    var inside: [Double] = []
                    for ky in 0..<kernel[0] {
                        for kx in 0..<kernel[1] {
                            let row = channel * height + y * stride[0] + ky
                            let value = input.elements[row * width + column * stride[1] + kx]
                            if !value.isNaN { inside.append(value) }
                        }
                    }
                    let counted =
                        node.integers["count_include_pad"] == [1] ? kernel[0] * kernel[1] : inside.count
                    output.append(isMax ? inside.max()! : inside.reduce(0, +) / Double(counted))
                }
            }
        }
        return Tensor(shape: [1, x.shape[1], outHeight, outWidth], elements: output)
    }
}

// MARK: - Protocol Buffers

private struct Field {
    var number: Int
    var integer = 0
    var float: Float = 0
    var bytes = ArraySlice<UInt8>()

    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// The fields of a message, in order; what is no message traps.
private func fields(_ bytes: ArraySlice<UInt8>) -> [Field] {
    var rest = bytes
    func varint() -> Int {
        var (value, shift) = (UInt64(0), UInt64(0))
        while true {
            let byte = rest.removeFirst()
            value |= UInt64(byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 { return Int(Int64(bitPattern: value)) }
        }
    }
    var fields: [Field] = []
    while !rest.isEmpty {
        let tag = varint()
        var field = Field(number: tag >> 3)
        switch tag & 7 {
        case 0: field.integer = varint()
        case 2:
            let count = varint()
            precondition(count >= 0 && count <= rest.count)
            field.bytes = rest.prefix(count)
            rest = rest.dropFirst(count)
        case 5:
            field.float = Float(
                bitPattern: rest.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) })
            rest = rest.dropFirst(4)
        default: preconditionFailure("wire type \(tag & 7)")
        }
        fields.append(field)
    }
    return fields
}
