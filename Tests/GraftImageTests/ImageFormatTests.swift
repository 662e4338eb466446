import TestSupport
import Testing

import GraftImage

@Suite struct ImageFormatTests {
    @Test(arguments: [
        ("image/jpeg", ImageFormat.jpeg), ("IMAGE/PNG", .png), (" image/png ; charset=x", .png),
        ("image/x-portable-pixmap", .ppm),
        ("application/x-graftd-rgb24; width=640; height=480", .rgb24(width: 640, height: 480)),
        ("application/x-graftd-rgb24;HEIGHT=1 ; width=\"2\"", .rgb24(width: 2, height: 1)),
        ("\timage/jpeg;;q", .jpeg),
        ("Application/X-Graftd-RGB24;a;b=c; width=3;\theight=4;", .rgb24(width: 3, height: 4)),
    ])
    func mediaTypeNamesTheFormat(mediaType: String, format: ImageFormat) {
        #expect(ImageFormat(mediaType: mediaType) == format)
        #expect(ImageFormat(mediaType: format.description) == format)
    }

    @Test(arguments: [
        "", ";", " ", "image/gif", "image/jpe", "image/jpegs", "image\u{f}png", "application/x-graftd-rgb24",
        "application/x-graftd-rgb24; width=1",
        "application/x-graftd-rgb24; width=0; height=1", "application/x-graftd-rgb24; width=-1; height=1",
        "application/x-graftd-rgb24; width=99999999999999999999; height=1",
        "application/x-graftd-rgb24; width=1; width=2; height=1", "application/x-graftd-rgb24; width=; height=1",
        "application/x-graftd-rgb24; width=+1; height=1", "application/x-graftd-rgb24; width=0; width=1; height=1",
    ])
    func otherMediaTypesNameNone(mediaType: String) {
        #expect(ImageFormat(mediaType: mediaType) == nil)
    }

    @Test func sniffsTheFirstBytes() throws {
        #expect(sniffedFormat(try Fixture.bytes("images/gray.jpg")) == .jpeg)
        #expect(sniffedFormat(try Fixture.bytes("images/gray-1.png")) == .png)
        #expect(sniffedFormat(try Fixture.bytes("images/white-1.ppm")) == .ppm)
        #expect(sniffedFormat([0x50, 0x35]) == nil)
        #expect(sniffedFormat([UInt8]()) == nil)
    }
}
