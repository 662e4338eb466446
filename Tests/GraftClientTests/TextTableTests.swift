import GraftClient
import Testing

@Suite struct TextTableTests {
    @Test func columnsAlignByWhatTheyShow() {
        var table = TextTable([.init("label"), .number("samples")])
        table.add("cat", "7")
        table.add("ねこ", "1200")
        table.add("chat bleu", "")
        #expect(
            table.lines() == [
                "label      samples",
                "cat              7",
                "ねこ          1200",
                "chat bleu",
            ])
    }

    @Test func theTitlesCanBeStyledWithoutMovingAnything() {
        var table = TextTable([.init("a"), .init("b")])
        table.add("12", "3")
        #expect(table.lines { "<\($0)>" } == ["<a   b>", "12  3"])
    }

    @Test(arguments: [
        ("plain ä 猫", "plain ä 猫"),
        ("two\nlines\tand more", "two lines and more"),
        ("\u{1B}[31mred", "\u{FFFD}[31mred"),
        ("file\u{202E}gpj.exe", "file\u{FFFD}gpj.exe"),
    ])
    func textFromElsewhereCannotSteerTheTerminal(text: String, expected: String) {
        #expect(text.printable == expected)
    }

    @Test(arguments: [("abcdef", 4, "abc…"), ("abcd", 4, "abcd"), ("猫猫猫", 4, "猫…"), ("ab", 0, "")])
    func longTextIsCutToItsColumns(text: String, width: Int, expected: String) {
        #expect(text.fitted(to: width) == expected)
    }
}
