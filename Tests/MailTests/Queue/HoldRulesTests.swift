import Testing

@testable import Mail

@Suite struct HoldRulesTests {
    private static func mailbox(_ text: String) throws -> Mailbox { try Mailbox(parsing: Array(text.utf8)) }

    private static func rules() throws -> HoldRules {
        HoldRules([
            .init(recipient: try mailbox("Ann@a.test"), reason: "recipient"),
            .init(
                sender: .mailbox(try mailbox("news@s.test")), recipientDomain: try DomainName("a.test"), reason: "two"),
            .init(sender: .mailbox(try mailbox("News@S.test")), reason: "sender"),
            .init(sender: .null, destination: "b.test", reason: "notices"),
            .init(destination: "relay.test:2525", reason: "destination"),
            .init(senderDomain: try DomainName("s.test"), recipientDomain: try DomainName("c.test"), reason: "domains"),
            .init(recipientDomain: try DomainName("c.test"), reason: "recipient domain"),
            .init(senderDomain: try DomainName("t.test"), reason: "sender domain"),
            .init(reason: "no condition holds nothing"),
        ])
    }

    @Test(
        "mail is held by the first rule of which every condition holds",
        arguments: [
            ("u@u.test", "ann@A.test", "a.test", "recipient", "in any case"),
            ("news@s.test", "ann@a.test", "a.test", "recipient", "the first of three"),
            ("NEWS@s.test", "bob@a.test", "a.test", "two", "sender and recipient's domain"),
            ("news@s.test", "bob@b.test", "b.test", "sender", "the sender alone"),
            ("newsletter@s.test", "bob@b.test", "b.test", nil, "another sender"),
            ("", "bob@b.test", "b.test", "notices", "without a sender"),
            ("", "bob@d.test", "d.test", nil, "without a sender, elsewhere"),
            ("u@u.test", "bob@x.test", "relay.test:2525", "destination", "a next hop"),
            ("u@s.test", "bob@c.test", "c.test", "domains", "both domains"),
            ("u@u.test", "bob@c.test", "c.test", "recipient domain", "one domain"),
            ("u@t.test", "bob@d.test", "d.test", "sender domain", "the sender's domain"),
            ("u@sub.t.test", "bob@d.test", "d.test", nil, "not a name below"),
            ("u@[192.0.2.1]", "bob@[192.0.2.2]", "[192.0.2.2]", nil, "address literals"),
        ] as [(String, String, String, String?, String)])
    func held(sender: String, recipient: String, destination: String, reason: String?, why: String) throws {
        let path: ReversePath = sender.isEmpty ? .null : .mailbox(try Self.mailbox(sender))
        let found = try Self.rules().reason(
            sender: path, recipient: try Self.mailbox(recipient), destination: destination)
        #expect(found == reason, "\(why)")
    }

    @Test("without rules nothing is held; a thousand rules are all found")
    func many() throws {
        let ann = try Self.mailbox("ann@a.test")
        #expect(HoldRules().isEmpty && HoldRules().reason(sender: .null, recipient: ann, destination: "a.test") == nil)
        let rules = HoldRules(
            try (0..<HoldRules.limit).map { number in
                .init(
                    senderDomain: try DomainName("s\(number).test"), recipientDomain: try DomainName("r\(number).test"),
                    reason: "\(number)")
            })
        for number in 0..<HoldRules.limit {
            let found = rules.reason(
                sender: .mailbox(try Self.mailbox("u@s\(number).test")),
                recipient: try Self.mailbox("u@r\(number).test"), destination: "x.test")
            #expect(found == "\(number)")
        }
    }
}
