import Testing

@testable import Relay

@Suite("Spelling")
struct SpellingTests {
    @Test(
        "the nearest word, if it is near",
        arguments: [
            ("lisen", "listen"), ("Listen", "listen"), ("networsk", "networks"), ("tls_cert", "tls_certificate"),
            ("net", "networks"), ("ne", nil), ("x", nil), ("", nil),
        ] as [(String, String?)])
    func nearest(word: String, expected: String?) {
        #expect(Spelling.nearest(to: word, of: ["listen", "networks", "tls_certificate"]) == expected)
    }

    @Test("a beginning that several words have stands for none of them")
    func beginnings() {
        #expect(Spelling.nearest(to: "tls_", of: ["tls_certificate", "tls_key_file"]) == nil)
        #expect(
            ["warn", "err", "crit"].map { Spelling.nearest(to: $0, of: ["error", "warning", "critical"]) } == [
                "warning", "error", "critical",
            ])
    }

    @Test("a swap of neighbours is one mistake")
    func swap() {
        #expect(Spelling.distance(Array("ab".unicodeScalars), Array("ba".unicodeScalars)) == 1)
        #expect(Spelling.distance([], Array("ba".unicodeScalars)) == 2)
    }
}
