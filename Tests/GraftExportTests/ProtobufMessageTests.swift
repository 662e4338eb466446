import Testing

import GraftExport

@Suite struct ProtobufMessageTests {
    /// From "Encoding" in the documentation of Protocol Buffers: field 1 as 150, field 2 as "testing", field 3 as a message
    /// with the former.
    @Test func fieldsAreEncodedAsTheDocumentationSays() {
        var number = ProtobufMessage()
        number.add(1, 150)
        #expect(number.bytes == [0x08, 0x96, 0x01])
        var text = ProtobufMessage()
        text.add(2, "testing")
        #expect(text.bytes == [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6E, 0x67])
        var outer = ProtobufMessage()
        outer.add(3, number)
        #expect(outer.bytes == [0x1A, 0x03, 0x08, 0x96, 0x01])
        // Ten bytes for a negative number, and an IEEE 754 number with its lowest byte first.
        var others = ProtobufMessage()
        others.add(1, -2)
        others.add(2, Float(1.5))
        #expect(
            others.bytes
                == [0x08, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x15, 0x00, 0x00, 0xC0, 0x3F])
    }
}
