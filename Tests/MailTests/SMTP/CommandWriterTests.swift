import Testing

@testable import Mail

@Suite struct CommandWriterTests {
    /// Whether RCPT is written for it, and whether the grammar reads it back.
    private static func isWritten(_ local: String, _ domain: String) throws -> (written: Bool, read: Bool) {
        let mailbox = Mailbox(localPart: local, domain: .name(try DomainName(domain)))
        let line = CommandWriter.rcpt(Envelope.Recipient(mailbox), ServiceExtensions(), inUTF8: false)
        return (line != nil, (try? Mailbox(parsing: Array(mailbox.description.utf8))) != nil)
    }

    @Test("A recipient is written where the grammar reads it back, and only there, whatever a damaged store holds")
    func recipients() throws {
        var dice = SplitMix(seed: 44)
        let letters = Array("ab9.-_+=\"@<> \\\r\n\u{7F}é")
        var written = 0
        for _ in 0..<20_000 {
            let local = String(
                (0..<Int.random(in: 0...5, using: &dice)).map { _ in letters.randomElement(using: &dice) ?? "a" })
            let found = try Self.isWritten(local, "b.example")
            #expect(found.written == found.read, "\(local.debugDescription)")
            if found.written { written += 1 }
        }
        #expect(written > 1000)
    }

    @Test("Lengths", arguments: [(64, 7), (65, 7), (64, 189), (64, 190), (63, 190), (1, 253)])
    func lengths(local: Int, domain: Int) throws {
        let labels = stride(from: 0, to: domain - 1, by: 50).map { start in
            String(repeating: "d", count: min(49, domain - start))
        }
        let found = try Self.isWritten(String(repeating: "a", count: local), labels.joined(separator: "."))
        #expect(found.written == found.read)
    }
}
