import Mail
import Net
import Store
import TLS
import Testing

@testable import Relay

/// Signatures of mail on its way out, over a real store.
@Suite("Signer", .timeLimit(.minutes(10)))
struct SignerTests {
    let folder: PolicyFolder
    let store: SQLiteStore

    init() throws {
        folder = try PolicyFolder()
        store = try folder.open()
    }

    /// What becomes of `content`: `signed`, `untouched`, `wait …`, `refused …`; and the fields.
    private func sign(
        _ signer: Signer, _ content: [UInt8], kind: MessageKind = .mail, from sender: String = "a@d.example",
        isInMemory: Bool = true
    ) async throws -> (word: String, fields: [UInt8]) {
        let queued = try await SignedMail.queue(content, in: store, kind: kind, from: sender)
        switch await signer.sign(try SignedMail.job(queued, isInMemory ? content : nil)) {
        case .untouched: return ("untouched", [])
        case .signed(let fields): return ("signed", fields)
        case .wait(let reason): return ("wait \(reason.cause.rawValue)", [])
        case .refused(let reason): return ("refused \(reason.cause.rawValue)", [])
        }
    }

    @Test("DKIM-04 DKIM-13 DKIM-17 Two algorithms, two fields above all else, and each verifies by itself")
    func twoKeys() async throws {
        let world = try SigningWorld("s1.d.example rsa", "e1.d.example")
        let content = Array("DKIM-Signature: v=1; d=other.example; b=x\r\n".utf8) + SignedMail.text()
        let (word, fields) = try await sign(world.signer(store), content)
        #expect(word == "signed")
        let sent = fields + content
        let results = try SignedMail.verify(sent, world)
        #expect(results.count == 3 && results.prefix(2).allSatisfy { $0.verdict == .pass })
        #expect(results.prefix(2).map { $0.signature?.selector.text } == ["s1", "e1"])
        // DKIM-17: what was there is there still, below ours.
        #expect(sent.suffix(content.count).elementsEqual(content))
        #expect(fields.suffix(2).elementsEqual("\r\n".utf8))
    }

    @Test("DKIM-16 An added From, Subject or To makes the signature fail")
    func oversigning() async throws {
        let world = try SigningWorld("s1.d.example")
        let content = SignedMail.text()
        let fields = try await sign(world.signer(store), content).fields
        #expect(try SignedMail.verify(fields + content, world).first?.verdict == .pass)
        for added in ["From: c@evil.example\r\n", "Subject: another\r\n", "To: z@z.example\r\n"] {
            let forged = fields + Array(added.utf8) + content
            #expect(try SignedMail.verify(forged, world).first?.verdict == .fail, "\(added)")
        }
        let longer = fields + content + Array("more\r\n".utf8)
        #expect(try SignedMail.verify(longer, world).first?.verdict == .fail, "DKIM-21 no l=")
    }

    @Test(
        "DKIM-13 The same signature whether the content is in memory, in the row, or in a file of several MB",
        arguments: [0, 1, 200_000, 262_144, 5_000_000])
    func places(size: Int) async throws {
        let world = try SigningWorld("s1.d.example")
        let body = String(repeating: "line \t of text  \r\n\r\n", count: size / 20) + "\r\n\r\n"
        let content = SignedMail.text("a@d.example", body)
        let signer = world.signer(store)
        let inMemory = try await sign(signer, content)
        let stored = try await sign(signer, content, isInMemory: false)
        #expect(inMemory.word == "signed" && inMemory.fields == stored.fields)
        #expect(try SignedMail.verify(stored.fields + content, world).map(\.verdict) == [.pass])
    }

    @Test("DKIM-13 A header section longer than one chunk of the store is read whole")
    func longHeader() async throws {
        let world = try SigningWorld("s1.d.example")
        let noise = (0..<4000).map { "X-Noise-\($0): \(String(repeating: "y", count: 60))\r\n" }.joined()
        let content = Array(noise.utf8) + SignedMail.text()
        let signer = world.signer(store)
        let stored = try await sign(signer, content, isInMemory: false)
        #expect(stored.word == "signed" && content.count > 4 * ContentReader.chunk)
        #expect(try SignedMail.verify(stored.fields + content, world).map(\.verdict) == [.pass])
    }

    @Test("A message has one signature for all its destinations and attempts of an hour, and another later")
    func again() async throws {
        let world = try SigningWorld("s1.d.example")
        let signer = world.signer(store)
        let content = SignedMail.text()
        let job = try SignedMail.job(try await SignedMail.queue(content, in: store), nil)
        func fields() async -> [UInt8]? {
            if case .signed(let fields) = await signer.sign(job) { fields } else { nil }
        }
        let first = try #require(await fields())
        world.advance(by: 3599)
        #expect(await fields() == first)
        world.advance(by: 1)
        let later = try #require(await fields())
        #expect(later != first && world.lookups(0) == 2)
    }

    @Test(
        "DKIM-22 Mail that is not ours, or signed already, passes untouched",
        arguments: [
            (SignedMail.text("a@other.example"), "another domain"),
            (SignedMail.text("a@sub.d.example"), "below the domain, and the key is not for those"),
            (
                Array("DKIM-Signature: v=1; a=rsa-sha256; d=D.example; s=x; h=from; bh=AA==; b=AA==\r\n".utf8)
                    + SignedMail.text(), "signed by its domain"
            ),
        ] as [([UInt8], String)])
    func untouched(content: [UInt8], why: String) async throws {
        let world = try SigningWorld("s1.d.example")
        #expect(try await sign(world.signer(store), content).word == "untouched", "\(why)")
        #expect(world.lookups(0) == 0 && world.log.events.isEmpty, "\(why)")
    }

    @Test("DKIM-22 Without keys nothing is even read")
    func noKeys() async throws {
        let world = try SigningWorld()
        #expect(try await sign(world.signer(store), Array("no header at all".utf8)).word == "untouched")
    }

    static let twoFrom = Array("From: c@x.example\r\n".utf8) + SignedMail.text()
    static let twoOthers = Array("From: c@x.example\r\n".utf8) + SignedMail.text("z@y.example")

    @Test(
        "DKIM-22 Mail of a domain with a key that cannot be signed passes, or is returned, as the operator says",
        arguments: [
            (twoFrom, "two From fields"), (Array("Subject: x\r\n\r\nbody\r\n".utf8), "no From"),
            (SignedMail.text("a@d.example, b@e.example"), "two domains"),
            (Array("no field\r\n".utf8) + SignedMail.text(), "a line that is no field"),
        ] as [([UInt8], String)])
    func unsignable(content: [UInt8], why: String) async throws {
        let world = try SigningWorld("s1.d.example")
        #expect(try await sign(world.signer(store), content).word == "untouched", "\(why)")
        #expect(world.log.events == ["dkim-unsigned"], "\(why)")
        let strict = world.signer(store, unsignable: .bounce)
        #expect(try await sign(strict, content).word == "refused dkim-unsignable", "\(why)")
        // Others' broken mail is none of our business.
        #expect(try await sign(strict, Self.twoOthers, from: "a@other.example").word == "untouched", "\(why)")
        // But whoever stands in a From field has a part in it, whatever the envelope says.
        #expect(try await sign(strict, Self.twoFrom, from: "a@other.example").word == "refused dkim-unsignable")
    }

    @Test("DKIM-22 Unsignable mail is returned only where a key would have signed it")
    func unsignableOfOthers() async throws {
        let world = try SigningWorld("s1.d.example", "r1.e.example reports", "s2.f.example @10")
        let strict = world.signer(store, unsignable: .bounce)
        for (sender, why) in [
            ("a@sub.d.example", "the key is not for names below"), ("a@e.example", "the key is for reports alone"),
            ("a@f.example", "the key has not begun"),
        ] {
            #expect(try await sign(strict, Self.twoOthers, from: sender).word == "untouched", "\(why)")
        }
        world.advance(by: 10)
        #expect(try await sign(strict, Self.twoOthers, from: "a@f.example").word == "refused dkim-unsignable")
    }

    @Test("DKIM-23 Mail waits for its key, goes by the other, or goes unsigned")
    func unpublished() async throws {
        let content = SignedMail.text()
        for (unpublished, expected) in [
            (DKIMUnpublished.otherKey, "wait dkim-key-unpublished"), (.wait, "wait dkim-key-unpublished"),
            (.unsigned, "untouched"),
        ] {
            let world = try SigningWorld("s1.d.example", unpublished: unpublished)
            world.set(0, .absent("no such name"))
            #expect(try await sign(world.signer(store), content).word == expected)
            #expect(world.log.events.contains("dkim-unsigned") == (unpublished == .unsigned))
        }
        let world = try SigningWorld("s1.d.example", "s2.d.example @-5")
        world.set(1, .absent("no such name"))
        let fields = try await sign(world.signer(store), content).fields
        #expect(try SignedMail.verify(fields + content, world).map { $0.signature?.selector.text } == ["s1"])
    }

    @Test("RPTF-16 A report waits rather than go out unsigned, whatever dkim.unpublished says of mail")
    func reports() async throws {
        let content = SignedMail.text()
        let world = try SigningWorld("s1.d.example", unpublished: .unsigned)
        world.set(0, .absent("no such name"))
        #expect(try await sign(world.signer(store), content, kind: .report).word == "wait dkim-key-unpublished")
        for texts in [["s1.other.example"], ["s1.d.example @10"]] {
            let world = try SigningWorld(texts[0])
            #expect(try await sign(world.signer(store), content, kind: .report).word == "wait dkim-key-unpublished")
            #expect(try await sign(world.signer(store), content, kind: .foreignReport).word == "untouched")
        }
        let none = try SigningWorld()
        #expect(try await sign(none.signer(store), content, kind: .report).word == "wait dkim-key-unpublished")
    }

    @Test("D8 RPTF-16 A report is signed by the key for reports, other mail by the other")
    func reportKey() async throws {
        let world = try SigningWorld("s1.d.example", "r1.d.example reports")
        let content = SignedMail.text()
        for (kind, selector) in [(MessageKind.report, "r1"), (.mail, "s1"), (.foreignReport, "s1"), (.dsn, "s1")] {
            let fields = try await sign(world.signer(store), content, kind: kind).fields
            let results = try SignedMail.verify(fields + content, world)
            #expect(results.map { $0.signature?.selector.text } == [selector] && results.first?.verdict == .pass)
        }
    }

    @Test("Content that is gone is refused as damaged; a store that is closed makes mail wait")
    func storeFaults() async throws {
        let world = try SigningWorld("s1.d.example")
        let job = try SignedMail.job(try await SignedMail.queue(SignedMail.text(), in: store), nil)
        await store.close()
        guard case .wait(let reason) = await world.signer(store).sign(job) else {
            Issue.record("not put off")
            return
        }
        #expect(reason.cause == .localFailure)
    }

    @Test("Signatures made are kept for so many messages, and not for more")
    func madeSignatures() {
        let made = MadeSignatures()
        let now = PolicyWorld.start
        for number in 0..<Int64(MadeSignatures.limit) { made.keep([1], by: [], of: MessageNumber(number), at: now) }
        #expect(made.signatures(of: MessageNumber(0), at: now)?.fields == [1])
        made.keep([2], by: [], of: MessageNumber(-1), at: now)
        #expect(made.signatures(of: MessageNumber(0), at: now)?.fields == nil)
        #expect(made.signatures(of: MessageNumber(-1), at: now)?.fields == [2])
        #expect(made.signatures(of: MessageNumber(-1), at: now.advanced(by: -1)) == nil, "a clock that was set back")
    }
}
