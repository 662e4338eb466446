import Foundation
import GraftCheckpoint
import TestSupport
import Testing

/// Broken twins of small files: each must be refused with an error, and none may trap.
@Suite struct SafetensorsHeaderTests {
    private func open(_ bytes: [UInt8]) throws(CheckpointError) -> SafetensorsFile {
        try SafetensorsFile(MappedFile(bytes: bytes))
    }

    /// A file with `json` as its header, of the length that is said or the true one.
    private func file(_ json: String, length: UInt64? = nil, data: Int = 0) -> [UInt8] {
        let header = Array(json.utf8)
        return withUnsafeBytes(of: (length ?? UInt64(header.count)).littleEndian) { Array($0) } + header
            + [UInt8](repeating: 0, count: data)
    }

    private static let sound =
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"I64","shape":[1],"data_offsets":[8,16]}}"#

    @Test(arguments: [
        ("{}", 0), (sound, 16), (sound + "  \n", 16), (#" { "__metadata__" : { } } "#, 0),
        (#"{"\u0061\ud83d\ude00":{"shape":[],"data_offsets":[0,1],"dtype":"U8"}}"#, 1),
        // An empty tensor may lie where another starts.
        (
            #"{"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#,
            2
        ),
    ])
    func soundHeaderIsRead(json: String, data: Int) throws { _ = try open(file(json, data: data)) }

    @Test func escapedNameIsItsText() throws {
        let json = #"{"\u0061\ud83d\ude00\/":{"shape":[],"data_offsets":[0,1],"dtype":"U8"}}"#
        #expect(try open(file(json, data: 1)).names == ["a😀/"])
    }

    /// Each with a part of the error's text.
    @Test(arguments: [
        ("", 0, "expected '{'"),
        ("[]", 0, "expected '{'"),
        ("{} x", 0, "expected the end"),
        ("{}{}", 0, "expected the end"),
        (#"{"a":1}"#, 0, "expected '{'"),
        (#"{"a""#, 0, "expected ':'"),
        (#"{"a"#, 0, "expected the end of a string"),
        (#"{"a\q":{}}"#, 0, "expected an escape"),
        (#"{"a\ud800":{}}"#, 0, "surrogates"),
        (#"{"a\ud800\u0041":{}}"#, 0, "surrogates"),
        (#"{"\u+12f":{}}"#, 0, "hexadecimal"),
        ("{\"a\u{1}\":{}}", 0, "control character"),
        (#"{"__metadata__":{"a":1}}"#, 0, "expected '\"'"),
        (#"{"__metadata__":{"a":"1","a":"2"}}"#, 0, "twice"),
        (#"{"__metadata__":{"a":{"b":"c"}}}"#, 0, "expected '\"'"),
        (#"{"a":{}}"#, 0, "lacks"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#, 8, "lacks"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4,8]}}"#, 8, "at most 2"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}}"#, 8, "more"),
        (#"{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 8, "dtype"),
        (#"{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}"#, 2, "F8_E4M3"),
        (#"{"a":{"dtype":"f32","shape":[2],"data_offsets":[0,8]}}"#, 8, "f32"),
        (#"{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,8]}}"#, 8, "does not fill"),
        (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, "whole number"),
        (#"{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}"#, 8, "expected ']'"),
        (#"{"a":{"dtype":"F32","shape":[02],"data_offsets":[0,8]}}"#, 8, "whole number"),
        (#"{"a":{"dtype":"F32","shape":[[[[[[2]]]]]],"data_offsets":[0,8]}}"#, 8, "whole number"),
        (#"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}"#, 8, "63 bits"),
        (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#, 8, "does not fill"),
        (
            #"{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}"#, 8,
            "ends at byte"
        ),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "does not fill"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 9, "1 bytes follow"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 7, "cut short"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#, 12, "gap"),
        (
            #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}}"#,
            7,
            "'b' at byte 116 overlaps"
        ),
        (
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
            2,
            "names 'a' twice"
        ),
    ])
    func faultyHeaderIsRefusedWithItsReason(json: String, data: Int, reason: String) throws {
        let error = #expect(throws: CheckpointError.self) { try open(file(json, data: data)) }
        #expect("\(error!)".contains(reason), "\(error!)")
    }

    @Test(arguments: [UInt64(17 << 20), UInt64(Int64.max), UInt64(Int64.max) + 1, .max, .max - 7])
    func headerOverTheLimitIsRefusedBeforeItIsRead(length: UInt64) {
        #expect(
            throws: CheckpointError.tooLarge(
                what: "the header's length in bytes", found: Int(clamping: length), limit: SafetensorsHeader.byteLimit)
        ) { try open(file("{}", length: length)) }
    }

    @Test func headerLongerThanTheFileIsTruncation() {
        #expect(throws: CheckpointError.truncated(expected: 11, found: 10)) { try open(file("{}", length: 3)) }
    }

    @Test func lengthThatIsTooShortIsRefused() {
        for length in 0..<Self.sound.utf8.count {
            #expect(throws: CheckpointError.self) {
                try open(file(Self.sound, length: UInt64(length), data: 16))
            }
        }
    }

    @Test func nameThatIsNotUTF8IsRefused() throws {
        var bytes = file(Self.sound, data: 16)
        bytes[10] = 0xFF
        let error = #expect(throws: CheckpointError.self) { try open(bytes) }
        #expect("\(error!)".contains("UTF-8"))
    }

    @Test func nestingOfAnyDepthIsRefused() {
        // 8 MB of brackets: a parser that recursed would have no stack left.
        for bracket in [#"{"a":"#, "["] {
            let json = String(repeating: bracket, count: 8_000_000 / bracket.utf8.count)
            #expect(throws: CheckpointError.self) { try open(file(json)) }
        }
    }

    @Test func fileCutAnywhereIsRefused() throws {
        let bytes = file(Self.sound, data: 16)
        for length in 0..<bytes.count {
            #expect(throws: CheckpointError.self, "\(length) bytes") { try open(Array(bytes[..<length])) }
        }
    }

    @Test func whatIsNoFileIsRefused() {
        #expect(throws: CheckpointError.system(operation: "open", path: "/no/such/file", code: ENOENT)) {
            try SafetensorsFile(path: "/no/such/file")
        }
        #expect(throws: CheckpointError.system(operation: "read", path: "/", code: EISDIR)) {
            try SafetensorsFile(path: "/")
        }
        #expect(throws: CheckpointError.system(operation: "read", path: "/dev/zero", code: EINVAL)) {
            try SafetensorsFile(path: "/dev/zero")
        }
    }

    /// Changed files either fail or give tensors that can be read in full.
    @Test func changedFilesNeverTrap() throws {
        var random = SeededGenerator(seed: 1)
        let sound = file(Self.sound, data: 16)
        var refused = 0
        for _ in 0..<20_000 {
            let bytes = random.mutated(sound)
            do {
                let file = try open(bytes)
                let stateDict = file.stateDict()
                for name in file.names { _ = stateDict[name]!.floats() }
            } catch {
                refused += 1
            }
        }
        // Most changes hit the header; those to the data or to a name are sound files.
        #expect(refused > 10_000)
    }
}
