import GraftCheckpoint
import Testing

@Suite struct StateDictTests {
    @Test func missingTensorErrorCarriesItsName() {
        #expect(throws: CheckpointError.missingTensor(name: "fc.weight")) {
            try StateDict().tensor("fc.weight", shape: [10, 1280])
        }
    }

    @Test func shapeMismatchErrorCarriesBothShapes() {
        let stateDict: StateDict = ["w": StateTensor(shape: [2, 3], floats: [1, 2, 3, 4, 5, 6])]
        #expect(throws: CheckpointError.shapeMismatch(name: "w", expected: [3, 2], found: [2, 3])) {
            try stateDict.tensor("w", shape: [3, 2])
        }
    }

    @Test func namesKeepTheirOrder() {
        let stateDict: StateDict = [
            "z": StateTensor(shape: [], floats: [1]), "a": StateTensor(shape: [0], floats: []),
        ]
        #expect(stateDict.names == ["z", "a"])
    }

    @Test(arguments: [
        ([2, 3], ElementType.f32, 24 as Int?), ([], .i64, 8), ([0, 5], .f64, 0), ([-1], .f32, nil),
        ([0, -1], .f32, nil),
        ([Int.max, 2], .u8, nil), ([Int.max, 0], .f32, nil), ([Int.max], .u8, Int.max),
    ])
    func byteCountIsNilWhereItCannotBeCounted(shape: [Int], elementType: ElementType, expected: Int?) {
        #expect(byteCount(shape: shape, elementType: elementType) == expected)
    }

    /// The bit patterns are those of IEEE 754's tables: half precision's largest, smallest subnormal and infinity.
    @Test(arguments: [
        (ElementType.f16, [0x00, 0x3C, 0xFF, 0x7B, 0x01, 0x00, 0x00, 0xFC], [1, 65504, 0x1p-24, -Float.infinity]),
        (.bf16, [0x80, 0x3F, 0x40, 0xC0], [1, -3]),
        (.f64, [0, 0, 0, 0, 0, 0, 0xF8, 0x3F], [1.5]),
        (.i64, [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [-2]),
        (.i32, [0x00, 0x00, 0x01, 0x00], [65536]),
        (.i16, [0x00, 0x80], [-32768]),
        (.i8, [0x80, 0x7F], [-128, 127]),
        (.u8, [0x80, 0xFF], [128, 255]),
        (.bool, [0, 1, 2], [0, 1, 1]),
    ])
    func everyTypeConvertsToFloats(elementType: ElementType, bytes: [UInt8], floats: [Float]) {
        #expect(StateTensor(shape: [floats.count], elementType: elementType, bytes: bytes).floats() == floats)
    }
}
