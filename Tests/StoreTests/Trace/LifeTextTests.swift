import Foundation
import Mail
import Testing

@testable import Store

@Suite struct LifeTextTests {
    private func read(_ life: Life) throws -> Life {
        let bytes = LifeText(life).bytes
        #expect(bytes.count <= TraceLimits.record)
        return try JSONDecoder().decode(Life.self, from: Data(bytes))
    }

    private static let everything: Life = {
        var life = TraceWorld.life(messageID: "<\u{1}\"\\/é\u{2028}😀\n@x>", to: ["ann@example.net", "bob@example.com"])
        life.kind = .foreignReport
        life.demand = .requireTLSNotice
        life.client = Life.Client(
            name: "n", address: "a", tls: "t", login: "l", forwarded: "NAME=\"x\" ADDR=1", listener: "127.0.0.1:25")
        life.recipients[0] = Life.Recipient(
            address: "ann@example.net", destination: "via:x", outcome: .bounced, cause: "remote-reply", detail: "d\td",
            reply: "550 5.1.1 no \u{7F}", host: "h", notify: "NEVER",
            attempts: [
                TraceWorld.attempt(1), Life.Attempt(time: WallTime(seconds: .min), result: "", milliseconds: .max),
            ])
        life.notices = [TraceWorld.id(), TraceWorld.id()]
        life.notes = [
            Life.Note(time: TraceWorld.start, words: "held: why"), Life.Note(time: TraceWorld.start, words: ""),
        ]
        return life
    }()

    @Test("What is written by hand is what Codable reads, and what it would write")
    func roundTrip() throws {
        for life in [Self.everything, TraceWorld.life(), TraceWorld.life(from: "", to: [])] {
            #expect(try read(life) == life)
            #expect(try JSONDecoder().decode(Life.self, from: JSONEncoder().encode(life)) == life)
        }
        for outcome in Life.Outcome.allCases {
            var life = TraceWorld.life()
            life.recipients[0].outcome = outcome
            #expect(try read(life) == life)
        }
    }

    @Test("Texts are cut at their limit", arguments: [0, 1])
    func texts(excess: Int) throws {
        var life = TraceWorld.life(messageID: String(repeating: "m", count: TraceLimits.name + excess))
        life.recipients[0].reply = String(repeating: "r", count: TraceLimits.words + excess)
        life.recipients[0].detail = String(repeating: "\"", count: TraceLimits.words / 2 + excess)
        let read = try read(life)
        #expect(read.messageID?.utf8.count == TraceLimits.name)
        #expect(read.recipients[0].reply?.utf8.count == TraceLimits.words)
        #expect(read.recipients[0].detail?.utf8.count == TraceLimits.words / 2)
    }

    @Test(
        "Where a record is full, recipients go before attempts, late attempts before early ones, and the rest is counted"
    )
    func cut() throws {
        var life = TraceWorld.life(to: (0..<100).map { "user\($0)@example.net" })
        for index in life.recipients.indices {
            life.recipients[index].attempts = (0..<20).map { TraceWorld.attempt($0) }
        }
        let read = try read(life)
        #expect(read.recipients.map(\.address) == life.recipients.map(\.address))
        let kept = read.recipients.map(\.attempts.count)
        #expect(kept.first == (kept.last ?? 0) + 1 || kept.first == kept.last)
        #expect((kept.last ?? 0) >= 1)
        for recipient in read.recipients {
            #expect(recipient.attempts == life.recipients[0].attempts.suffix(recipient.attempts.count))
        }
        #expect(read.omittedAttempts == 2000 - kept.reduce(0, +))
        #expect(read.omittedRecipients == 0)
    }

    @Test("Recipients beyond the record are counted with their attempts; those in it fill it")
    func many() throws {
        let life = TraceWorld.life(to: (0..<1000).map { "user\($0)@example.net" })
        let read = try read(life)
        #expect(read.recipients.count > 300 && read.recipients.count < 1000)
        #expect(read.omittedRecipients == 1000 - read.recipients.count)
        #expect(read.omittedAttempts == 1000 - read.recipients.reduce(0) { $0 + $1.attempts.count })
        #expect(LifeText(life).bytes.count > TraceLimits.record - 400)
        // The last size at which nothing is left out.
        func of(_ count: Int) -> Life { TraceWorld.life(to: (0..<count).map { "u\($0)@example.net" }) }
        var (last, beyond) = (1, 400)
        while beyond - last > 1 {
            let middle = (last + beyond) / 2
            if LifeText.omits(of(middle)) { beyond = middle } else { last = middle }
        }
        // What is cut keeps some octets for saying so.
        #expect((1...2).contains(try self.read(of(beyond)).omittedAttempts))
        let fitting = try self.read(of(last))
        #expect(fitting.recipients.count == last && fitting.omittedAttempts == 0)
    }

    @Test("The worst that strangers can write fits, with at least one recipient")
    func worst() throws {
        let text = String(repeating: "\u{1}", count: 5000)
        var life = TraceWorld.life(messageID: text, from: text, to: [text])
        life.client = Life.Client(name: text, address: text, tls: text, login: text, forwarded: text, listener: text)
        life.recipients[0] = Life.Recipient(
            address: text, destination: text, outcome: .bounced, cause: text, detail: text, reply: text, host: text,
            notify: text, attempts: [TraceWorld.attempt(0, reply: text)])
        life.notices = (0..<1000).map { _ in TraceWorld.id() }
        life.notes = (0..<1000).map { _ in Life.Note(time: TraceWorld.start, words: text) }
        let read = try read(life)
        #expect(read.recipients.count == 1)
        #expect(read.recipients[0].attempts.count == 1)
        #expect(read.notices == Array(life.notices.prefix(TraceLimits.notesShown)))
        #expect(!read.notes.isEmpty)
    }
}

extension LifeText {
    static func omits(_ life: Life) -> Bool {
        let text = String(decoding: LifeText(life).bytes, as: UTF8.self)
        return !text.hasSuffix("\"or\":0,\"oa\":0}")
    }
}
