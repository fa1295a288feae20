import Testing

@testable import Mail

struct TraceFieldTests {
    let hostname: DomainName
    let id: QueueID
    let time = WallTime(seconds: 1_785_585_600)

    init() throws {
        hostname = try DomainName("relay.example")
        id = try #require(QueueID("0123456789bcdfghjklm"))
    }

    func field(
        _ name: String, _ address: String, extended: Bool = true, cipher: String? = nil, to recipients: [String]
    ) throws -> String {
        let tls = cipher.map {
            TLSSessionFacts(version: "TLSv1.2", cipher: $0, resumed: false, verification: .unverified, certificate: nil)
        }
        let origin = Origin(
            clientName: try #require(ClientName(parsing: name.utf8)),
            peer: .address(try #require(IPAddress(address))), greeting: extended ? .ehlo : .helo, tls: tls)
        let mailboxes = try recipients.map { Envelope.Recipient(try Mailbox(parsing: $0.utf8)) }
        return String(
            decoding: TraceField.received(from: origin, by: hostname, id: id, recipients: mailboxes, at: time),
            as: UTF8.self)
    }

    @Test("SRV-29 SRV-30 SRV-31 One recipient: FOR; ESMTP; numeric zone")
    func one() throws {
        #expect(
            try field("client.example", "192.0.2.9", to: ["u@d.example"])
                == "Received: from client.example ([192.0.2.9]) by relay.example with ESMTP\r\n"
                + "\tid 0123456789bcdfghjklm for <u@d.example>; Sat, 01 Aug 2026 12:00:00 +0000\r\n")
    }

    @Test("SRV-30 Two recipients: no FOR")
    func two() throws {
        let text = try field("client.example", "192.0.2.9", to: ["u@d.example", "v@d.example"])
        #expect(!text.contains("for <"))
        #expect(text.contains("([192.0.2.9])"))
        #expect(text.contains("id 0123456789bcdfghjklm; "))
    }

    @Test(
        "SRV-31 The protocol's name, and the tls clause only with a registered cipher name",
        arguments: [
            (true, nil, "with ESMTP\r\n", nil), (false, nil, "with SMTP\r\n", nil),
            (true, "TLS_AES_256_GCM_SHA384", "with ESMTPS", "tls TLS_AES_256_GCM_SHA384;"),
            (true, "ECDHE-RSA-AES256-GCM-SHA384", "with ESMTPS", "(TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384)"),
            (true, "TLS_X\r\nSubject: x", "with ESMTPS", nil), (true, "X\r\nSubject: x", "with ESMTPS", nil),
        ] as [(Bool, String?, String, String?)])
    func protocols(extended: Bool, cipher: String?, with: String, clause: String?) throws {
        let text = try field("client.example", "192.0.2.9", extended: extended, cipher: cipher, to: ["u@d.example"])
        #expect(text.contains(with))
        if let clause { #expect(text.contains(clause)) }
        #expect(!text.contains("Subject"))
    }

    @Test(
        "SRV-30 Address literals of both families; a mapped address is the IPv4 one",
        arguments: [
            ("2001:db8::1", "([IPv6:2001:db8::1])"), ("::ffff:192.0.2.9", "([192.0.2.9])"),
        ])
    func literals(address: String, literal: String) throws {
        #expect(try field("[192.0.2.9]", address, to: []).contains("from [192.0.2.9] \(literal)"))
    }

    @Test("Lines are folded at 78 where words allow, and never near 998")
    func folding() throws {
        let label = String(repeating: "d", count: 63)
        let name = [label, label, label, label].joined(separator: ".").dropLast()
        let text = try field(
            String(name), "2001:db8:1111:2222:3333:4444:5555:6666", to: ["\(label)@\(label).\(label).example"])
        let lines = text.split(separator: "\r\n")
        #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("\t") })
        #expect(
            lines.allSatisfy {
                $0.utf8.count <= 78 || !$0.dropFirst().contains(" ") || $0.hasPrefix("\tfrom") || $0.hasPrefix("\tfor")
            })
        #expect(lines.allSatisfy { $0.utf8.count < ContentReader.lineLimit })
        // Unfolded it is one field.
        #expect(HeaderSection(reading: Array(text.utf8)).fields.map(\.name) == ["Received"])
    }
}
