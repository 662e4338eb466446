import GraftCheckpoint
import Testing

@Suite struct SHA256DigestTests {
    // The examples of NIST for FIPS 180-4.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func equalsThePublishedExample(text: String, digest: String) {
        #expect(sha256(of: Array(text.utf8)).description == digest)
    }

    @Test func streamInPiecesEqualsTheWhole() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var stream = SHA256Stream()
        for start in stride(from: 0, to: bytes.count, by: 137) {
            stream.update(Array(bytes[start..<min(start + 137, bytes.count)]))
        }
        #expect(stream.digest() == sha256(of: bytes))
    }
}
