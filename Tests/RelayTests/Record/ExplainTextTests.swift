import Mail
import Store
import Testing

@testable import Relay

@Suite struct ExplainTextTests {
    static let plain = TextStyle(width: 100, isColoured: false)
    static let now = RecordWorld.now

    static func evidence() -> EvidenceDocument {
        let record = TLSARecord(usage: 3, selector: 1, matchingType: 1, data: [UInt8](repeating: 1, count: 32))
        return EvidenceDocument(
            .established(
                TLSSessionFacts(
                    version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", resumed: false,
                    verification: .dane(matched: record, depth: 0), group: "X25519",
                    certificate: CertificateFacts(
                        subject: "CN = mx1.d.example", names: ["mx1.d.example"], notAfter: now.advanced(by: 86_400)))),
            chain: ["cccccccccccccccc"])
    }

    static func answer(decision: String? = "dddddddddddddddd") throws -> ExplainAnswer {
        let id = try #require(QueueID("0123456789bcdfghjklm"))
        let life = Life(
            id: id, messageID: "<a.1@app.example.org>", sender: "shop@example.org", receivedAt: now,
            endedAt: now.advanced(by: 1), size: 14_233,
            client: Life.Client(name: "app.example.org", address: "192.0.2.99", tls: "TLSv1.3", login: "shopkeeper"),
            recipients: [
                Life.Recipient(
                    address: "ann@d.example", destination: "d.example", outcome: .delivered,
                    reply: "250 2.0.0 ann: taken",
                    host: "mx1.d.example",
                    attempts: [
                        Life.Attempt(
                            time: now.advanced(by: 1), host: "mx1.d.example", address: "192.0.2.1",
                            tlsLevel: "authenticated", verifiedBy: "dane", requiredBy: "dane", tls: "TLSv1.3",
                            result: "delivered", reply: "250 2.0.0 ann: taken", milliseconds: 312,
                            times: "12/30/41/229", decision: decision, evidence: "eeeeeeeeeeeeeeee",
                            phases: "12/30/41r/3/8/15/2/120")
                    ])
            ])
        let view = try #require(LifeView(TraceFinding(life: life, notes: [])))
        return ExplainAnswer(
            page: ExplainPage(matches: [ExplainedMessage(message: view)]),
            documents: ExplainDocuments(
                decisions: ["dddddddddddddddd": DecisionDocument(try RecordWorld.decision(of: "d.example"))],
                evidence: ["eeeeeeeeeeeeeeee": evidence()]))
    }

    @Test("An attempt is told with what was found, demanded and shown, and how long each step took")
    func told() throws {
        let text = ExplainText.render(try Self.answer(), limit: 5, now: Self.now, style: Self.plain)
        for words in [
            "Handed in by app.example.org [192.0.2.99] over TLSv1.3, logged in as shopkeeper on 2027-01-15T08:00:00Z",
            "Attempt 1, 2027-01-15T08:00:01Z, at mx1.d.example [192.0.2.1]: delivered",
            "10 mx1.d.example, 10 mx2.d.example; DNSSEC: secure", "mode enforce, id 1, 2h old then",
            "required  authenticated by dane", "RFC 7672", "TLSv1.3, TLS_AES_256_GCM_SHA384, X25519, a resumed session",
            "matched the leaf", "TLS (resumed) 41 ms", "final reply 120 ms", "250 2.0.0 ann: taken",
            "It left the queue on 2027-01-15T08:00:01Z.",
        ] {
            let flat = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            let wanted = words.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(flat.contains(wanted), "\(words)\n\(text)")
        }
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 110 })
    }

    @Test(
        "A next hop that the operator named has a line, with the rule that leads there; of several all",
        arguments: [
            (["d.example"], "route     hop.example, by rule \"d.example\" (x) of the configuration"),
            (
                ["a.example", "b.example"],
                "route     hop.example, by rule \"a.example\" (x) or rule \"b.example\" (x) of the configuration"
            ),
        ])
    func route(domains: [String], line: String) throws {
        let rules = domains.map { "[[rule]]\ndestination = \"\($0)\"\nnext_hop = \"hop.example\"\nreason = \"x\"" }
        let settings = PolicySettings(try Configuration.parse(text: rules.joined(separator: "\n"), file: "f"))
        let plain = try RecordWorld.decision(of: "hop.example").inputs.facts
        let facts = DestinationFacts(
            nextHop: NextHop(.domain(try DomainName("hop.example")), isConfigured: true), mx: plain.mx,
            hosts: plain.hosts, timeToLive: 60)
        let document = DecisionDocument(PolicyDecision(PolicyInputs(facts: facts, settings: settings)))
        let json = try #require(document.json(upTo: .max))
        #expect(String(decoding: json, as: UTF8.self).contains("\"route\":{\"next_hop\":\"hop.example\""))
        #expect(DecisionDocument(json: json) == document)
        var answer = try Self.answer()
        answer.documents.decisions["dddddddddddddddd"] = document
        let text = ExplainText.render(answer, limit: 5, now: Self.now, style: Self.plain)
        #expect(text.contains(line), "\(text)")
    }

    @Test("Without a record it says so", arguments: [nil, "gone"])
    func without(key: String?) throws {
        let text = ExplainText.render(try Self.answer(decision: key), limit: 5, now: Self.now, style: Self.plain)
        #expect(text.contains(key == nil ? "no record of the decision" : "the record of the decision (gone) is gone"))
    }

    @Test("One attempt alone, and one that is not there", arguments: [(1, true), (2, false)])
    func only(attempt: Int, isThere: Bool) throws {
        let text = ExplainText.render(
            try Self.answer(), attempt: attempt, limit: 5, now: Self.now, style: Self.plain)
        #expect(text.contains("Attempt 1,") == isThere)
        #expect(text.contains("no attempt \(attempt).") != isThere)
    }

    @Test(
        "What waits is told whose fault that is, and what can be done",
        arguments: [
            ("dane-mismatch", "no match", "the fault is theirs", "relayctl letter d.example"),
            ("timed-out", "no reply", "cannot be told from here", "relayctl probe d.example"),
            ("suspended", "their wish", "ann@d.example: delivered", "suspended: their wish"),
        ])
    func advised(cause: String, detail: String, whose: String, step: String) throws {
        var answer = try Self.answer()
        answer.page.matches[0].message.recipients[0].reason = ReasonView(cause: cause, detail: detail)
        answer.page.matches[0].waiting = [
            ExplainedMessage.WaitingView(address: "ann@d.example", nextAttempt: nil, expiresAt: nil)
        ]
        let text = ExplainText.render(answer, limit: 5, now: Self.now, style: Self.plain)
        let flat = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(flat.contains(whose), "\(text)")
        #expect(flat.contains(step), "\(text)")
        #expect(flat.contains("relayctl doctor") == (cause != "suspended"))
        answer.page.matches[0].waiting = []
        #expect(!ExplainText.render(answer, limit: 5, now: Self.now, style: Self.plain).contains("relayctl doctor"))
    }

    @Test("An answer is read as it was written, and so is a bundle")
    func roundTrip() throws {
        let answer = try Self.answer()
        let json = try #require(ControlJSON.encode(answer))
        #expect(ExplainAnswer(json: json) == answer)
        let bundle = BundleAnswer(
            explanation: answer, bundle: BundleView(certificates: ["cccccccccccccccc": "AQID"], versions: ["v"]))
        #expect(BundleAnswer(json: try #require(ControlJSON.encode(bundle))) == bundle)
        #expect(ExplainAnswer(json: Array("{}".utf8)) == nil)
    }

    @Test("A bundle names nobody")
    func bundle() throws {
        let answer = BundleAnswer(
            explanation: try Self.answer(),
            bundle: BundleView(
                certificates: ["cccccccccccccccc": String(repeating: "A", count: 100)], versions: ["waxwing 1"],
                settings: ["sts.enabled = true"]))
        let text = BundleText.render(
            answer, log: .files(["mail.log"]),
            ["event=accepted queue_id=0123456789bcdfghjklm client=192.0.2.99 user=shopkeeper from=<shop@example.org>"],
            now: Self.now)
        for secret in ["ann", "shop@", "shopkeeper", "192.0.2.99", "app.example.org [", "a.1@"] {
            #expect(!text.contains(secret), "\(secret)\n\(text)")
        }
        for words in [
            "a***@d.example", "s***@example.org", "-----BEGIN CERTIFICATE-----\n\(String(repeating: "A", count: 64))\n",
            "waxwing 1", "sts.enabled = true", "Lines about the message in mail.log", "user=***", "mx1.d.example",
        ] { #expect(text.contains(words), "\(words)\n\(text)") }
        let without = BundleText.render(answer, log: .nothing("no journal"), [], now: Self.now)
        #expect(without.contains("No log was read: no journal."))
    }

    @Test("Evidence is read as it was written, of every kind")
    func evidenceRoundTrip() throws {
        let all: [PeerEvidence] = [
            .startTLSNotOffered, .startTLSRefused(Reply(454, nil, "not now")), .cleartextAfterStartTLS,
            .handshakeFailed(HandshakeFailure(.verification(.expired), text: "certificate has expired")),
        ]
        for document in all.map({ EvidenceDocument($0) }) + [Self.evidence()] {
            let json = try #require(document.json(upTo: TraceLimits.document))
            #expect(EvidenceDocument(json: json) == document)
            #expect(!EvidenceProse.lines(document, at: Self.now, isResumed: false).isEmpty)
        }
    }
}
