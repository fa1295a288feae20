import Testing

@testable import Mail

/// What is signed, and the field that says so.
@Suite struct SigningTests {
    static func terms(
        _ domain: String = "example.org", selector: String = "sel", algorithm: DKIMAlgorithm = .rsaSHA256,
        canonicalization: DKIMCanonicalization = .relaxed, time: Int64 = 1_700_000_000, expiry: Int64? = nil,
        identity: String? = nil
    ) throws -> DKIMTerms {
        try DKIMTerms(
            signingDomain: DomainName(domain), selector: DomainName(selector), algorithm: algorithm,
            canonicalization: canonicalization, time: WallTime(seconds: time),
            expiry: expiry.map(WallTime.init(seconds:)),
            identity: identity.map { text throws(DKIMFault) in try DKIMIdentity(text) })
    }

    static func plan(_ content: String, _ terms: DKIMTerms) throws -> DKIMSigningPlan {
        let octets = Array(content.utf8)
        return DKIMSigningPlan(try DKIMSignable(reading: octets), of: octets, terms: terms)
    }

    static let message = """
        Received: from a\r\nReturn-Path: <x@y.example>\r\nDKIM-Signature: v=1\r\nFrom: joe@example.org\r\n\
        Subject: s\r\nX-Own: x\r\nDate: d\r\nComments: c\r\n\r\nbody\r\n
        """

    @Test("DKIM-07 DKIM-15 DKIM-16 the names: From first, one surplus, nothing that hops change")
    func names() throws {
        let names = try Self.plan(Self.message, Self.terms()).names
        #expect(
            names == [
                "from", "from", "to", "cc", "subject", "subject", "date", "date", "reply-to", "content-type",
            ])
    }

    @Test("DKIM-15 RPTF-18 every name that may be signed is, where it is there")
    func allNames() throws {
        let fields = DKIMFieldChoice.standard.fields.map(\.name)
        let content = fields.map { "\($0.uppercased()): a@example.org\r\n" }.joined() + "\r\n"
        let names = Set(try Self.plan(content, Self.terms()).names)
        #expect(names == Set(fields))
        for name in [
            "from", "to", "cc", "subject", "date", "reply-to", "message-id", "in-reply-to", "references",
            "mime-version",
            "content-type", "content-transfer-encoding", "content-id", "content-description", "sender", "list-id",
            "list-help", "list-unsubscribe", "list-unsubscribe-post", "list-subscribe", "list-post", "list-owner",
            "list-archive", "resent-date", "resent-from", "resent-to", "resent-cc", "tls-report-domain",
            "tls-report-submitter", "tls-required", "auto-submitted", "feedback-id",
        ] {
            #expect(names.contains(name), "\(name)")
        }
        for name in [
            "received", "return-path", "dkim-signature", "comments", "keywords", "bcc", "authentication-results",
        ] {
            #expect(!names.contains(name), "\(name)")
        }
    }

    @Test("DKIM-16 fields that a hop may add where they are missing have a surplus only where they are there")
    func surplus() throws {
        let with = try Self.plan("From: a@example.org\r\nMessage-ID: <x>\r\n\r\n", Self.terms()).names
        #expect(with.count { $0 == "message-id" } == 2)
        let without = try Self.plan("From: a@example.org\r\n\r\n", Self.terms()).names
        #expect(!without.contains("message-id") && without.count { $0 == "content-type" } == 1)
        let resent = "From: a@example.org\r\nResent-To: b@c.example\r\n\r\n"
        #expect(try Self.plan(resent, Self.terms()).names.count { $0 == "resent-to" } == 1)
    }

    @Test("repeated fields are signed up to the limit", arguments: [19, 20, 21, 500])
    func repeats(_ count: Int) throws {
        let content =
            "From: a@example.org\r\n" + String(repeating: "Feedback-ID: x\r\n", count: count)
            + String(repeating: "To: x\r\n", count: count) + "\r\n"
        let names = try Self.plan(content, Self.terms()).names
        #expect(names.count { $0 == "feedback-id" } == min(count, DKIMFieldChoice.repeatLimit))
        #expect(names.count { $0 == "to" } == min(count + 1, DKIMFieldChoice.repeatLimit))
    }

    @Test("DKIM-09 repeated names are taken from below, and surplus ones are nothing")
    func bottomUp() {
        let content = Array("A: 1\r\nB: 2\r\nC: 3\r\nb: 4\r\n\r\n".utf8)
        let hash = DKIMHeaderHash(HeaderSection(reading: content), of: content)
        #expect(hash.fields(["b", "b", "b", "a", "x", "c"], .simple) == Array("b: 4\r\nB: 2\r\nA: 1\r\nC: 3\r\n".utf8))
        #expect(hash.fields(["b"], .relaxed) == Array("b:4\r\n".utf8))
        #expect(hash.fields([], .relaxed).isEmpty)
    }

    struct Own: Sendable {
        let field: String
        let simple: String
        let relaxed: String
    }

    @Test(
        "DKIM-08 the own field without its signature and its CRLF",
        arguments: [
            Own(
                field: "DKIM-Signature: v=1; bh=xy; b=ab\r\n cd\r\n", simple: "DKIM-Signature: v=1; bh=xy; b=",
                relaxed: "dkim-signature:v=1; bh=xy; b="),
            Own(
                field: "DKIM-Signature:  b = ab == ; d=x\r\n", simple: "DKIM-Signature:  b =; d=x",
                relaxed: "dkim-signature:b =; d=x"),
            Own(
                field: "dkim-signature: a=b; b=\r\n\tx;\r\n bb=b=c;\r\n",
                simple: "dkim-signature: a=b; b=;\r\n bb=b=c;",
                relaxed: "dkim-signature:a=b; b=; bb=b=c;"),
        ])
    func ownField(_ own: Own) {
        let octets = Array(own.field.utf8)
        #expect(String(decoding: DKIMHeaderHash.ownField(octets[...], .simple), as: UTF8.self) == own.simple)
        #expect(String(decoding: DKIMHeaderHash.ownField(octets[...], .relaxed), as: UTF8.self) == own.relaxed)
    }

    @Test("DKIM-08 the input is the fields and the own field; the body's hash is only in bh=")
    func input() throws {
        let plan = try Self.plan("From: a@example.org\r\nSubject:  x  y \r\n\r\nbody\r\n", Self.terms())
        let bodyHash = [UInt8](repeating: 7, count: 32)
        let input = String(decoding: plan.input(bodyHash: bodyHash), as: UTF8.self)
        #expect(
            input.hasPrefix(
                "from:a@example.org\r\nsubject:x y\r\ndkim-signature:v=1; a=rsa-sha256; c=relaxed/relaxed; "))
        #expect(input.hasSuffix("; bh=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=; b="))
        // What the receiver makes of the field is what was signed.
        for count in [1, 64, 128, 256, 512, 2048] {
            let field = plan.field(bodyHash: bodyHash, signature: [UInt8](repeating: 0xA5, count: count))
            let own = String(decoding: DKIMHeaderHash.ownField(field[...], .relaxed), as: UTF8.self)
            #expect(input.hasSuffix("\r\n" + own))
        }
    }

    @Test("DKIM-01 DKIM-06 DKIM-12 DKIM-20 DKIM-21 RPTF-17 the field says all there is to say, and no l=")
    func field() throws {
        let terms = try Self.terms(expiry: 1_700_000_600, identity: "news;x@sub.example.org")
        let plan = try Self.plan(Self.message, terms)
        let field = plan.field(bodyHash: [UInt8](repeating: 0, count: 32), signature: [1, 2, 3])
        #expect(
            String(decoding: field, as: UTF8.self) == """
                DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=sel;\r
                 t=1700000000; x=1700000600; i=news=3Bx@sub.example.org; h=from:from:to:cc:\r
                 subject:subject:date:date:reply-to:content-type;\r
                 bh=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=;\r
                 b=AQID\r\n
                """)
        let read = try DKIMSignature(parsing: field.dropFirst("DKIM-Signature:".utf8.count).dropLast(2))
        #expect(read.bodyLength == nil)
        #expect(read.time == terms.time && read.expiry == terms.expiry && read.identity == terms.identity)
        #expect(read.names == plan.names && read.keyName == terms.keyName && read.signature == [1, 2, 3])
        #expect(read.canonicalization == terms.canonicalization && read.algorithm == terms.algorithm)
    }

    @Test("DKIM-24 lines of 78 at most, below 998 whatever the names are", arguments: [1, 57, 58, 64, 256, 512, 2048])
    func folding(_ signatureLength: Int) throws {
        let label = String(repeating: "d", count: 60)
        let local = String(repeating: ";", count: DKIMIdentity.localPartLimit)
        let domain = [label, label, label].joined(separator: ".")
        let long = try Self.terms(domain, selector: String(repeating: "s", count: 55), identity: "\(local)@\(domain)")
        let everything = DKIMFieldChoice.standard.fields.map { "\($0.name): a@example.org\r\n" }.joined() + "\r\n"
        for (terms, limit) in [(try Self.terms(), 78), (long, 998)] {
            for content in [Self.message, everything] {
                let field = try Self.plan(content, terms).field(
                    bodyHash: [UInt8](repeating: 0, count: 32),
                    signature: [UInt8](repeating: 0xFF, count: signatureLength))
                #expect(field.suffix(2) == [13, 10])
                let lines = field.dropLast(2).split(separator: 10).map { $0.last == 13 ? $0.dropLast() : $0 }
                #expect(lines.allSatisfy { $0.count <= limit })
                #expect(lines.dropFirst().allSatisfy { $0.first == 32 && $0.count > 1 && $0.dropFirst().first != 32 })
                #expect(lines.count >= 4)
            }
        }
    }

    @Test("DKIM-18 DKIM-20 terms that make no signature")
    func badTerms() {
        #expect(throws: DKIMFault(.unacceptable, "a signature must expire later than it is made")) {
            try Self.terms(time: 10, expiry: 10)
        }
        #expect(throws: Never.self) { try Self.terms(time: 10, expiry: 11) }
        #expect(
            throws: DKIMFault(
                .unacceptable, "the identity @x.other is not of example.org or of a domain below it")
        ) { try Self.terms(identity: "@x.other") }
        #expect(throws: Never.self) { try Self.terms(identity: "@example.org") }
        #expect(throws: DKIMFault(.syntax, "i=joe is no identity: \"@domain\" is due")) {
            try Self.terms(identity: "joe")
        }
        let local = String(repeating: "x", count: 65)
        #expect(throws: DKIMFault(.syntax, "the local-part of i= has more than 64 octets")) {
            try Self.terms(identity: "\(local)@example.org")
        }
        #expect(throws: DKIMFault(.unacceptable, "org is no domain that can sign")) { try Self.terms("org") }
        #expect(throws: DKIMFault(.unacceptable, "a_b.org is no domain that can sign")) { try Self.terms("a_b.org") }
        #expect(throws: DKIMFault(.unacceptable, "the time of a signature has at most 12 digits")) {
            try Self.terms(time: 1_000_000_000_000)
        }
        #expect(throws: DKIMFault(.unacceptable, "the time of a signature has at most 12 digits")) {
            try Self.terms(time: -1)
        }
    }

    @Test("DKIM-04 two keys: two fields that know nothing of each other")
    func twoKeys() throws {
        let plans = try [("a", DKIMAlgorithm.rsaSHA256), ("b", .ed25519SHA256)].map {
            try Self.plan(Self.message, Self.terms(selector: $0.0, algorithm: $0.1))
        }
        let inputs = plans.map { String(decoding: $0.input(bodyHash: []), as: UTF8.self) }
        #expect(inputs[0].contains("s=a;") && inputs[0].contains("a=rsa-sha256") && !inputs[0].contains("s=b"))
        #expect(inputs[1].contains("s=b;") && inputs[1].contains("a=ed25519-sha256") && !inputs[1].contains("s=a;"))
    }
}
