import GraftAPI
import GraftService
import Testing

@Suite struct EncodedImageTests {
    @Test(arguments: [nil, "application/octet-stream"])
    func theBytesDecideWhereTheTypeSaysNothing(mediaType: String?) throws {
        #expect(try EncodedImage.format(mediaType: mediaType) == nil)
    }

    @Test func theTypeThatCurlSendsByItselfIsRefusedWithWhatToWriteInstead() {
        let type = "application/x-www-form-urlencoded"
        let problem = #expect(throws: Problem.self) { try EncodedImage.format(mediaType: type) }
        #expect(problem?.kind == .unsupportedImage)
        #expect(problem?.detail.contains("found '\(type)'") == true)
        // The type alone would leave -d, which drops bytes of the file.
        #expect(problem?.detail.hasSuffix("with curl: -H 'Content-Type: image/jpeg' --data-binary @FILE") == true)
    }
}
