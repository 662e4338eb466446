import GraftStore
import Testing

@Suite struct LabelNameTests {
    @Test(arguments: [
        (raw: "  cat\n", expected: "cat"),
        (raw: "red fox", expected: "red fox"),
        // A letter and a combining accent compose to one scalar (Unicode Annex 15).
        (raw: "cafe\u{301}", expected: "caf\u{e9}"),
        (raw: String(repeating: "a", count: 200), expected: String(repeating: "a", count: 200)),
    ])
    func namesAreTrimmedAndComposed(raw: String, expected: String) throws {
        #expect(Array(try LabelName(checking: raw).value.utf8) == Array(expected.utf8))
    }

    @Test(arguments: ["", " \t\n", "a\u{0}b", "a\nb", "a\u{7f}b", String(repeating: "a", count: 201)])
    func unusableNamesAreRefused(raw: String) {
        #expect(throws: StoreError.self) { try LabelName(checking: raw) }
    }
}
