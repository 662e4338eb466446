import GraftCheckpoint

/// How many of anything a graph may have: more than any network, and little memory.
private let countLimit = 1 << 18

extension ONNXModel {
    /// Reads the messages; tensors stay where they are.
    ///
    /// - Throws: `truncated`, `malformed` or `tooLarge`.
    init(_ file: MappedFile) throws(ImportError) {
        self.init()
        var fields = ProtobufReader(file, range: 0..<file.count)
        var hasGraph = false
        while let field = try fields.next() {
            switch field.number {
            case 1: irVersion = try field.integer()
            case 2, 3: if producer.count < 2 { producer.append(try field.text()) }
            case 7:
                // A second one would be merged with the first; nobody writes that.
                guard !hasGraph else { throw .malformed(detail: "the file has two graphs") }
                hasGraph = true
                graph = try ONNXGraph(try field.message())
            case 8:
                let (domain, version) = try operatorSet(try field.message())
                guard operatorSets.count < 64 else { throw .tooLarge(what: "operator sets", limit: 64) }
                operatorSets[domain == "ai.onnx" ? "" : domain] = version
            case 25:
                guard functions.count < 1 << 12 else { throw .tooLarge(what: "functions", limit: 1 << 12) }
                functions.append(try functionName(try field.message()))
            default: break
            }
        }
        guard hasGraph else { throw .malformed(detail: "the file has no graph") }
    }
}

private func operatorSet(_ message: ProtobufReader) throws(ImportError) -> (domain: String, version: Int64) {
    var fields = message
    var (domain, version) = ("", Int64(0))
    while let field = try fields.next() {
        switch field.number {
        case 1: domain = try field.text()
        case 2: version = try field.integer()
        default: break
        }
    }
    return (domain, version)
}

private func functionName(_ message: ProtobufReader) throws(ImportError) -> String {
    var fields = message
    var (name, domain) = ("", "")
    while let field = try fields.next() {
        switch field.number {
        case 1: name = try field.text()
        case 10: domain = try field.text()
        default: break
        }
    }
    return domain.isEmpty ? name : "\(domain).\(name)"
}

extension ONNXGraph {
    fileprivate init(_ message: ProtobufReader) throws(ImportError) {
        var fields = message
        while let field = try fields.next() {
            switch field.number {
            case 1: try append(ONNXNode(try field.message()), to: &nodes, "nodes in the graph")
            case 5: try append(ONNXTensor(try field.message()), to: &initializers, "initializers")
            case 11: try append(ONNXValueInfo(try field.message()), to: &inputs, "inputs of the graph")
            case 12: try append(ONNXValueInfo(try field.message()), to: &outputs, "outputs of the graph")
            default: break
            }
        }
    }
}

extension ONNXNode {
    fileprivate init(_ message: ProtobufReader) throws(ImportError) {
        var fields = message
        while let field = try fields.next() {
            switch field.number {
            case 1: try append(try field.text(), to: &inputs, "inputs of a node")
            case 2: try append(try field.text(), to: &outputs, "outputs of a node")
            case 3: name = try field.text()
            case 4: operation = try field.text()
            case 5: try append(ONNXAttribute(try field.message()), to: &attributes, "attributes of a node")
            case 7: domain = try field.text()
            default: break
            }
        }
        if domain == "ai.onnx" { domain = "" }
    }
}

extension ONNXAttribute {
    /// What is there decides what it is: the field `type`, which says it too, is missing in old files.
    fileprivate init(_ message: ProtobufReader) throws(ImportError) {
        var fields = message
        var name = ""
        var single: Value?
        var integers: [Int64] = []
        var floats: [Float] = []
        var type: Int64 = 0
        while let field = try fields.next() {
            switch field.number {
            case 1: name = try field.text()
            case 2: single = .float(try field.float())
            case 3: single = .integer(try field.integer())
            case 4: single = .text(try field.text())
            case 5: single = .tensor(try ONNXTensor(try field.message()))
            case 7:
                let range = try field.fixedNumbers(width: 4)
                for offset in stride(from: range.lowerBound, to: range.upperBound, by: 4) {
                    let bits = field.file.integer(at: offset, as: UInt32.self)
                    try append(Float(bitPattern: bits), to: &floats, "floats in a list")
                }
            case 8: try field.appendIntegers(to: &integers, limit: countLimit)
            case 20: type = try field.integer()
            case 6, 9, 10, 11, 14, 15, 21, 22, 23: single = .other
            default: break
            }
        }
        self.name = name
        // A value of 0 may be left out, as may a list without items; then only the type says which it is.
        switch (single, type) {
        case (let value?, _): self.value = value
        case (nil, 6) where floats.isEmpty, (nil, _) where !floats.isEmpty: self.value = .floats(floats)
        case (nil, 1): self.value = .float(0)
        case (nil, 2): self.value = .integer(0)
        case (nil, 3): self.value = .text("")
        default: self.value = .integers(integers)
        }
    }
}

extension ONNXValueInfo {
    fileprivate init(_ message: ProtobufReader) throws(ImportError) {
        var fields = message
        while let field = try fields.next() {
            switch field.number {
            case 1: name = try field.text()
            case 2:
                var types = try field.message()
                while let field = try types.next() {
                    if field.number == 1 { try readTensorType(try field.message()) }
                }
            default: break
            }
        }
    }

    private mutating func readTensorType(_ message: ProtobufReader) throws(ImportError) {
        var fields = message
        while let field = try fields.next() {
            switch field.number {
            case 1: elementType = try field.integer()
            case 2:
                var sides: [Side] = []
                var dimensions = try field.message()
                while let field = try dimensions.next() {
                    guard field.number == 1 else { continue }
                    guard sides.count < ONNXTensor.rankLimit else {
                        throw .tooLarge(what: "sides of a tensor", limit: ONNXTensor.rankLimit)
                    }
                    sides.append(try side(try field.message()))
                }
                shape = sides
            default: break
            }
        }
    }

    private func side(_ message: ProtobufReader) throws(ImportError) -> Side {
        var fields = message
        var side = Side.named("")
        while let field = try fields.next() {
            switch field.number {
            case 1:
                // Some writers say -1 or 0 for what they do not know.
                let count = try field.integer()
                side = count > 0 ? .fixed(Int(count)) : .named("")
            case 2: side = .named(try field.text())
            default: break
            }
        }
        return side
    }
}

private func append<Item>(_ item: Item, to items: inout [Item], _ what: String) throws(ImportError) {
    guard items.count < countLimit else { throw .tooLarge(what: what, limit: countLimit) }
    items.append(item)
}
