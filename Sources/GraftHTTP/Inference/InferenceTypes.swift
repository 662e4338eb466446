import GraftAPI

// The Open Inference Protocol, version 2, as JSON:
// https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
// with the extension for binary tensors:
// https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md

/// The answer to `GET /v2`.
struct ServerMetadata: Encodable {
    let name: String
    let version: String
    let extensions: [String]
}

/// The answer to `GET /v2/models/graftd`.
struct ModelMetadata: Encodable {
    let name: String
    let versions: [String]
    let platform: String
    let inputs: [TensorMetadata]
    let outputs: [TensorMetadata]
}

struct TensorMetadata: Encodable {
    let name: String
    let datatype: String
    /// -1 for a side that the caller chooses.
    let shape: [Int]
}

/// The answer to `GET /v2/models/graftd/ready`.
struct ModelReadiness: Encodable {
    let name: String
    let ready: Bool
}

/// Every error of the protocol.
struct InferenceError: Encodable {
    let error: String
}

/// A value of `parameters`.
enum InferenceParameter: Codable, Equatable {
    case truth(Bool)
    case integer(Int)
    case number(Double)
    case text(String)

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let truth = try? container.decode(Bool.self) {
            self = .truth(truth)
        } else if let integer = try? container.decode(Int.self) {
            self = .integer(integer)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .truth(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        }
    }
}

/// The body of `POST /v2/models/graftd/infer`, or the JSON in front of its binary tensors.
struct InferenceRequest: Decodable {
    let id: String?
    let parameters: [String: InferenceParameter]?
    let inputs: [InferenceInput]
    let outputs: [RequestedOutput]?
}

struct RequestedOutput: Decodable {
    let name: String
    let parameters: [String: InferenceParameter]?
}

/// One input tensor; its data follows the JSON where `parameters` has `binary_data_size`.
struct InferenceInput: Decodable {
    let name: String
    let shape: [Int]
    let datatype: String
    let parameters: [String: InferenceParameter]?
    let data: InferenceData?

    private enum CodingKeys: CodingKey { case name, shape, datatype, parameters, data }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        shape = try container.decode([Int].self, forKey: .shape)
        datatype = try container.decode(String.self, forKey: .datatype)
        parameters = try container.decodeIfPresent([String: InferenceParameter].self, forKey: .parameters)
        guard container.contains(.data), try !container.decodeNil(forKey: .data) else {
            data = nil
            return
        }
        // Data is flat, or nested as deep as the shape.
        if datatype == "BYTES" {
            let flat = try? container.decode([String].self, forKey: .data)
            data = .texts(try flat ?? container.decode([[String]].self, forKey: .data).flatMap { $0 })
        } else if let flat = try? container.decode([Float].self, forKey: .data) {
            data = .numbers(flat)
        } else {
            data = .numbers(
                try container.decode([[[[Float]]]].self, forKey: .data).flatMap { $0.flatMap { $0.flatMap { $0 } } })
        }
    }
}

/// A tensor's elements as JSON has them.
enum InferenceData: Equatable {
    case texts([String])
    case numbers([Float])
}

/// The answer to `POST /v2/models/graftd/infer`, or the JSON in front of its binary tensors.
struct InferenceResponse: Encodable {
    let modelName: String
    let modelVersion: String
    let id: String?
    let parameters: [String: InferenceParameter]
    let outputs: [InferenceOutput]
}

struct InferenceOutput: Encodable {
    let name: String
    let datatype: String
    let shape: [Int]
    /// `binary_data_size` where the data follows the JSON.
    let parameters: [String: InferenceParameter]?
    let data: OutputData?
}

enum OutputData: Encodable {
    case texts([String])
    case numbers([Float])

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .texts(let values): try container.encode(values)
        case .numbers(let values): try container.encode(values)
        }
    }

    /// As the binary extension has it: little-endian, texts each behind its length.
    var bytes: [UInt8] {
        switch self {
        case .texts(let texts):
            texts.flatMap { text in Self.littleEndian(UInt32(text.utf8.count)) + Array(text.utf8) }
        case .numbers(let numbers): numbers.flatMap { Self.littleEndian($0.bitPattern) }
        }
    }

    private static func littleEndian(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
    }
}
