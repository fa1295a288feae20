import Testing

@testable import Mail

/// RFC 4648 §10, and what is no base64.
@Suite struct Base64Tests {
    @Test(
        "there and back",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"), ("\u{FF}\u{3FF}", "w7/Pvw=="),
        ])
    func thereAndBack(_ text: String, _ base64: String) {
        #expect(String(decoding: Base64.encoded(Array(text.utf8)), as: UTF8.self) == base64)
        #expect(Base64.decoded(base64.utf8) == Array(text.utf8))
        let folded = base64.map { "\($0)\r\n\t" }.joined()
        #expect(Base64.decoded(folded.utf8) == Array(text.utf8))
    }

    @Test("every octet")
    func octets() {
        for count in 250...256 {
            let octets = (0..<count).map { UInt8($0) }
            #expect(Base64.decoded(Base64.encoded(octets)) == octets)
        }
    }

    @Test(
        "no base64",
        arguments: ["Z", "Zg", "Zg=", "Zg===", "=", "====", "Zm=8", "Zm9v=", "Zm9?", "Zm9\u{FC}", "Zm8=Zm8="])
    func refused(_ text: String) {
        #expect(Base64.decoded(text.utf8) == nil)
    }
}
