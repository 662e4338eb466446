import Foundation
import GraftAPI
import GraftHTTP
import GraftService
import Testing

@Suite struct InferenceBatchTests {
    private static func batch(_ json: String, _ binary: [UInt8] = [], length: String? = nil) throws -> InferenceBatch {
        try InferenceBatch(Array(json.utf8) + binary, jsonLength: length, imageSide: 2)
    }

    private static func image(_ parts: String) -> String {
        #"{"inputs":[{"name":"image","datatype":"BYTES",\#(parts)}]}"#
    }

    private static func pixels(_ parts: String) -> String {
        #"{"inputs":[{"name":"pixels","datatype":"FP32",\#(parts)}]}"#
    }

    private static func bytes(_ image: InferredImage) -> [UInt8]? {
        if case .encoded(let image) = image { Array(image.bytes) } else { nil }
    }

    private static func values(_ image: InferredImage) -> [Float]? {
        if case .pixels(let values) = image { values } else { nil }
    }

    @Test(arguments: [#""shape":[2]"#, #""shape":[2,1]"#])
    func imagesComeAsBase64(shape: String) throws {
        let batch = try Self.batch(Self.image(shape + #","data":["AQI=","Aw=="]"#))
        #expect(batch.images.map(Self.bytes) == [[1, 2], [3]])
        #expect(batch.outputs.map(\.output) == [.label, .probability])
    }

    @Test func imagesComeBehindTheJSON() throws {
        let json = Self.image(#""shape":[2],"parameters":{"binary_data_size":11}"#)
        let batch = try Self.batch(json, [2, 0, 0, 0, 7, 8, 1, 0, 0, 0, 9], length: "\(json.utf8.count)")
        #expect(batch.images.map(Self.bytes) == [[7, 8], [9]])
    }

    @Test func pixelsComeFlatNestedOrBinary() throws {
        let expected = (0..<12).map(Float.init)
        let flat = try Self.batch(Self.pixels(#""shape":[1,2,2,3],"data":\#((0..<12).map { $0 })"#))
        #expect(flat.images.map(Self.values) == [expected])
        let nested = try Self.batch(
            Self.pixels(#""shape":[1,2,2,3],"data":[[[[0,1,2],[3,4,5]],[[6,7,8],[9,10,11]]]]"#))
        #expect(nested.images.map(Self.values) == [expected])
        let json = Self.pixels(#""shape":[1,2,2,3],"parameters":{"binary_data_size":48}"#)
        let binary = expected.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
        let batch = try Self.batch(json, binary, length: "\(json.utf8.count)")
        #expect(batch.images.map(Self.values) == [expected])
    }

    @Test func outputsAreBinaryWhereTheRequestOrTheirOwnParameterSaysSo() throws {
        let input = #""inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["AQ=="]}]"#
        let all = try Self.batch(#"{"id":"7","parameters":{"binary_data_output":true},\#(input)}"#)
        #expect(all.id == "7" && all.outputs.map(\.isBinary) == [true, true])
        let some = try Self.batch(
            #"{\#(input),"outputs":[{"name":"features","parameters":{"binary_data":true}},{"name":"label"}]}"#)
        #expect(some.outputs.map(\.output) == [.features, .label] && some.outputs.map(\.isBinary) == [true, false])
    }

    @Test(arguments: [
        (image(#""shape":[1],"data":["no base64"]"#), "expected base64"),
        (image(#""shape":[2],"data":["AQ=="]"#), "expected 2 elements"),
        (image(#""shape":[0],"data":[]"#), "shape [n]"),
        (image(#""shape":[],"data":[]"#), "shape [n]"),
        (image(#""shape":[1]"#), "no data"),
        (image(#""shape":[1],"parameters":{"binary_data_size":1}"#), "binary_data_size of 0 to 0"),
        (image(#""shape":[1],"parameters":{"binary_data_size":-1}"#), "binary_data_size of 0 to 0"),
        (image(#""shape":[1],"data":[1]"#), "not the expected JSON"),
        (pixels(#""shape":[1,3,2,3],"data":[]"#), "[n, 2, 2, 3]"),
        (pixels(#""shape":[1,2,2,3],"data":[1,2]"#), "expected 12 numbers"),
        // Would overflow if it were multiplied.
        (pixels(#""shape":[9223372036854775807,2,2,3],"data":[1,2,3,4,5,6,7,8,9,10,11,12]"#), "found 12"),
        (pixels(#""shape":[1,2,2,3],"data":[0,0,0,0,0,0,0,0,0,0,0,256]"#), "0 to 255"),
        (#"{"inputs":[]}"#, "expected one input"),
        (#"{"inputs":[{"name":"other","datatype":"BYTES","shape":[1],"data":["AQ=="]}]}"#, "found 'other'"),
        (
            #"{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["AQ=="]}],"outputs":[{"name":"x"}]}"#,
            "'x'"
        ),
        (
            #"{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["AQ=="]}],"outputs":[{"name":"label"},{"name":"label"}]}"#,
            "twice"
        ),
        ("[]", "not the expected JSON"), ("", "not the expected JSON"),
    ])
    func whatDoesNotFitIsNamed(json: String, says: String) {
        #expect(performing: { try Self.batch(json) }, throws: { (($0 as? Problem)?.detail ?? "").contains(says) })
    }

    @Test(arguments: [
        // The second element's length reaches beyond the tensor.
        (size: 9, bytes: [1, 0, 0, 0, 7, 255, 255, 255, 255] as [UInt8], says: "ends beyond"),
        (size: 3, bytes: [1, 0, 0], says: "ends beyond"),
        (size: 5, bytes: [1, 0, 0, 0, 7, 0], says: "1 bytes follow"),
    ])
    func binaryTensorsAreReadWithinTheirBounds(size: Int, bytes: [UInt8], says: String) {
        let json = Self.image(#""shape":[1],"parameters":{"binary_data_size":\#(size)}"#)
        #expect(
            performing: { try Self.batch(json, bytes, length: "\(json.utf8.count)") },
            throws: { (($0 as? Problem)?.detail ?? "").contains(says) })
    }

    @Test(arguments: ["0", "-1", "1000000", "x", ""])
    func aHeaderBeyondTheBodyIsRefused(length: String) {
        #expect(
            performing: { try Self.batch(#"{"inputs":[]}"#, length: length) },
            throws: { (($0 as? Problem)?.detail ?? "").contains("Inference-Header-Content-Length") })
    }
}
