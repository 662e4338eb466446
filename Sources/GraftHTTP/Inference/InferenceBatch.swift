import Foundation
import GraftAPI
import GraftService

/// What one call of `infer` asks for, checked.
package struct InferenceBatch {
    /// What is computed of each image.
    package enum Output: String, CaseIterable {
        case label, probability, features

        /// Those of a request that names none.
        static let standard: [Output] = [.label, .probability]
    }

    package let id: String?
    package let images: [InferredImage]
    /// With whether its data is to follow the JSON.
    package let outputs: [(output: Output, isBinary: Bool)]

    /// - Parameters:
    ///   - jsonLength: what `Inference-Header-Content-Length` says: how many bytes of `body` are JSON; nil for all.
    ///   - imageSide: the side of what the network sees.
    package init(_ body: [UInt8], jsonLength: String?, imageSide: Int) throws {
        var length = body.count
        if let jsonLength {
            guard let number = Int(jsonLength), (1...max(1, body.count)).contains(number), !body.isEmpty else {
                throw Problem(
                    .badRequest,
                    detail:
                        "Inference-Header-Content-Length: expected 1 to \(body.count), the bytes of the body, found "
                        + "'\(jsonLength)'")
            }
            length = number
        }
        let request = try Self.request(body[..<length])
        id = request.id
        var binary = BinaryTensors(body[length...])
        // Every size is read, so that one that does not fit is not taken for another's.
        let tensors = try request.inputs.map { input in (input, try binary.next(of: input)) }
        try binary.finish()
        guard tensors.count == 1 else {
            throw Problem(
                .badRequest,
                detail: "expected one input, either 'image' or 'pixels', found \(tensors.count): "
                    + tensors.map { "'\($0.0.name)'" }.joined(separator: ", "))
        }
        images = try Self.images(of: tensors[0].0, tensors[0].1, imageSide: imageSide)
        let isBinary = request.parameters?["binary_data_output"] == .truth(true)
        outputs = try Self.outputs(request.outputs, isBinary: isBinary)
    }

    private static func request(_ json: ArraySlice<UInt8>) throws -> InferenceRequest {
        do {
            return try APICoding.decoder().decode(InferenceRequest.self, from: Data(json))
        } catch let error as DecodingError {
            throw Problem(.badRequest, detail: "the body is not the expected JSON: \(error.summary)")
        }
    }

    private static func outputs(
        _ requested: [RequestedOutput]?, isBinary: Bool
    ) throws(Problem) -> [(Output, Bool)] {
        guard let requested, !requested.isEmpty else { return Output.standard.map { ($0, isBinary) } }
        var outputs: [(Output, Bool)] = []
        for request in requested {
            guard let output = Output(rawValue: request.name) else {
                throw Problem(
                    .badRequest,
                    detail: "expected the outputs 'label', 'probability' or 'features', found '\(request.name)'"
                )
            }
            guard !outputs.contains(where: { $0.0 == output }) else {
                throw Problem(.badRequest, detail: "output '\(request.name)' is asked for twice")
            }
            let own = request.parameters?["binary_data"].map { $0 == .truth(true) }
            outputs.append((output, own ?? isBinary))
        }
        return outputs
    }

    // MARK: Images

    private static func images(
        of input: InferenceInput, _ binary: ArraySlice<UInt8>?, imageSide: Int
    ) throws(Problem) -> [InferredImage] {
        switch (input.name, input.datatype) {
        case ("image", "BYTES"): try encodedImages(of: input, binary)
        case ("pixels", "FP32"): try pixels(of: input, binary, imageSide: imageSide)
        default:
            throw Problem(
                .badRequest,
                detail: "expected the input 'image' of BYTES or 'pixels' of FP32, found '\(input.name)' of "
                    + input.datatype)
        }
    }

    private static func encodedImages(
        of input: InferenceInput, _ binary: ArraySlice<UInt8>?
    ) throws(Problem) -> [InferredImage] {
        let count = input.shape.first ?? 0
        guard count >= 1, input.shape == [count] || input.shape == [count, 1] else {
            throw Problem(.badRequest, detail: "input 'image': expected the shape [n], found \(input.shape)")
        }
        let images: [[UInt8]]
        switch (binary, input.data) {
        case (let binary?, _): images = try BinaryTensors.elements(of: binary)
        case (nil, .texts(let texts)?):
            images = try texts.map { text throws(Problem) in
                guard let data = Data(base64Encoded: text) else {
                    throw Problem(
                        .badRequest,
                        detail:
                            "input 'image': expected base64, as JSON holds no bytes; or send them by the binary extension"
                    )
                }
                return Array(data)
            }
        default: throw Problem(.badRequest, detail: "input 'image' has no data")
        }
        guard images.count == count else {
            throw Problem(
                .badRequest, detail: "input 'image': expected \(count) elements by its shape, found \(images.count)")
        }
        return images.map { .encoded(EncodedImage(bytes: $0, format: nil)) }
    }

    private static func pixels(
        of input: InferenceInput, _ binary: ArraySlice<UInt8>?, imageSide: Int
    ) throws(Problem) -> [InferredImage] {
        let count = input.shape.first ?? 0
        guard count >= 1, input.shape == [count, imageSide, imageSide, 3] else {
            throw Problem(
                .badRequest,
                detail: "input 'pixels': expected the shape [n, \(imageSide), \(imageSide), 3], found \(input.shape)")
        }
        let size = imageSide * imageSide * 3
        let values: [Float]
        switch (binary, input.data) {
        case (let binary?, _): values = BinaryTensors.numbers(of: binary)
        case (nil, .numbers(let numbers)?): values = numbers
        default: throw Problem(.badRequest, detail: "input 'pixels' has no data")
        }
        // By division, as the shape may claim anything.
        guard values.count.isMultiple(of: size), values.count / size == count else {
            throw Problem(
                .badRequest,
                detail: "input 'pixels': expected \(size) numbers for each of \(count) images, found \(values.count)")
        }
        guard values.allSatisfy({ (0...255).contains($0) }) else {
            throw Problem(.badRequest, detail: "input 'pixels': expected red, green and blue of 0 to 255")
        }
        return (0..<count).map { .pixels(Array(values[$0 * size..<($0 + 1) * size])) }
    }
}

/// The tensors behind the JSON of a request, one after another.
private struct BinaryTensors {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The bytes of `input`; nil where its data is in the JSON.
    mutating func next(of input: InferenceInput) throws(Problem) -> ArraySlice<UInt8>? {
        guard let parameter = input.parameters?["binary_data_size"] else { return nil }
        guard case .integer(let size) = parameter, (0...rest.count).contains(size) else {
            throw Problem(
                .badRequest,
                detail:
                    "input '\(input.name)': expected a binary_data_size of 0 to \(rest.count), the bytes that are left")
        }
        defer { rest = rest.dropFirst(size) }
        return rest.prefix(size)
    }

    func finish() throws(Problem) {
        guard rest.isEmpty else {
            throw Problem(
                .badRequest,
                detail: "\(rest.count) bytes follow the inputs; each one's binary_data_size is missing or too small")
        }
    }

    /// Elements of BYTES, each behind its length.
    static func elements(of bytes: ArraySlice<UInt8>) throws(Problem) -> [[UInt8]] {
        var rest = bytes
        var elements: [[UInt8]] = []
        while !rest.isEmpty {
            let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            guard rest.count >= 4, length <= rest.count - 4 else {
                throw Problem(
                    .badRequest, detail: "element \(elements.count) of the binary BYTES ends beyond the tensor")
            }
            elements.append(Array(rest.dropFirst(4).prefix(length)))
            rest = rest.dropFirst(4 + length)
        }
        return elements
    }

    /// Elements of FP32; what is left of a last one that is cut short is ignored, so that the count tells.
    static func numbers(of bytes: ArraySlice<UInt8>) -> [Float] {
        bytes.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map { index in
                Float(
                    bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)))
            }
        }
    }
}
