import Testing

@testable import Mail

@Suite("What is known, and its changes")
struct FactBookTests {
    static let start = WallTime(seconds: 1_800_000_000)
    static let day: Int64 = 86_400

    private struct Row: CustomTestStringConvertible, Sendable {
        let why: String
        let kind: KnownFact.Kind
        let old: String
        let new: [String]
        var isExplained = false
        let calls: [String]
        var testDescription: String { why }

        init(
            _ why: String, _ kind: KnownFact.Kind, _ old: String, _ new: [String], isExplained: Bool = false,
            _ calls: [String]
        ) {
            self.why = why
            self.kind = kind
            self.old = old
            self.new = new
            self.isExplained = isExplained
            self.calls = calls
        }
    }

    private static let rows: [Row] = [
        Row("a secure set is gone", .tlsa, "secure: 3 1 1 ab", ["secure: none"], ["raise tlsa-gone"]),
        Row("its zone is not signed any more", .tlsa, "secure: 3 1 1 ab", ["insecure: none"], ["raise tlsa-gone"]),
        Row("records nobody can trust", .tlsa, "secure: 3 1 1 ab", ["insecure: 3 1 1 ab"], ["raise tlsa-gone"]),
        Row("a key was changed", .tlsa, "secure: 3 1 1 ab", ["secure: 3 1 1 cd"], []),
        Row("never bound anybody", .tlsa, "insecure: 3 1 1 ab", ["insecure: none"], []),
        Row("back again", .tlsa, "secure: none", ["secure: 3 1 1 ab"], ["clear tlsa-gone"]),
        Row("one miss is no news", .startTLS, "offered", ["missing"], []),
        Row("two in a row are", .startTLS, "offered", ["missing", "missing"], ["raise starttls-gone"]),
        Row("not in a row", .startTLS, "offered", ["missing", "offered", "missing"], []),
        Row(
            "offered again", .startTLS, "offered", ["missing", "missing", "offered"],
            ["raise starttls-gone", "clear starttls-gone"]),
        Row("it never offered any", .startTLS, "missing", ["missing", "missing", "missing"], []),
        Row("no proof any more", .verified, "dane", ["encrypted"], ["raise authentication-lost"]),
        Row("in clear", .verified, "webpki", ["none"], ["raise authentication-lost"]),
        Row("DANE through an insecure MX proves less", .verified, "dane", ["dane-host"], ["raise authentication-lost"]),
        Row("another proof", .verified, "dane", ["webpki"], []),
        Row("the operator wants it so", .verified, "dane", ["encrypted"], isExplained: true, []),
        Row(
            "it proves itself again", .verified, "dane", ["none", "dane"],
            ["raise authentication-lost", "clear authentication-lost"]),
        Row("lower still is told already", .verified, "dane", ["encrypted", "none"], ["raise authentication-lost"]),
        Row("another authority", .issuer, "C=US,O=A,CN=1", ["C=US,O=B,CN=1"], ["raise issuer-changed"]),
        Row("another key of one authority", .issuer, "O=A,CN=R10", ["O=A,CN=R11"], []),
        Row(
            "spelled with blanks", .issuer, "C = US, O = A, CN = 1", ["C = US, O = B, CN = 1"], ["raise issuer-changed"]
        ),
        Row("no organisation", .issuer, "CN=one", ["CN=two"], ["raise issuer-changed"]),
        Row("under DANE-EE nobody cares", .issuer, "O=A", ["O=B"], isExplained: true, []),
        Row(
            "the one of before", .issuer, "O=A", ["O=B", "O=A"], ["raise issuer-changed", "clear issuer-changed"]),
        Row("an MX set is the domain's own affair", .mx, "secure: 10 a.example", ["secure: 10 b.example"], []),
    ]

    @Test("a change is an alarm where something is lost", arguments: rows)
    private func alarms(_ row: Row) {
        var book = FactBook("x", known: [KnownFact(name: "x", kind: row.kind, value: row.old, since: Self.start)])
        var calls: [String] = []
        for value in row.new {
            let learned = book.read(
                FactReading("x", row.kind, value, isExplained: row.isExplained), at: Self.start.advanced(by: 60))
            for call in learned.alarms {
                switch call {
                case .raise(let kind, "x", _): calls.append("raise \(kind.rawValue)")
                case .clear(let kind, "x", _): calls.append("clear \(kind.rawValue)")
                default: Issue.record("another subject: \(call)")
                }
            }
        }
        #expect(calls == row.calls)
    }

    @Test("a first reading is a fact and no change")
    func first() {
        var book = FactBook("x")
        let learned = book.read(FactReading("x", .tlsa, "secure: 3 1 1 ab"), at: Self.start)
        #expect(learned.facts == [KnownFact(name: "x", kind: .tlsa, value: "secure: 3 1 1 ab", since: Self.start)])
        #expect(learned.changes.isEmpty && learned.alarms.isEmpty)
    }

    @Test("of a TLSA set that never bound nothing is kept", arguments: ["secure: none", "insecure: 3 1 1 ab"])
    func firstSet(_ set: String) {
        var book = FactBook("x")
        #expect(book.read(FactReading("x", .tlsa, set), at: Self.start).isEmpty && !book.knows(.tlsa))
    }

    @Test(
        "of a host that never proved itself nothing is kept",
        arguments: [
            ("none", 0), ("encrypted", 0), ("dane-host", 0), ("dane", 1), ("webpki", 1), ("fingerprint", 1),
        ])
    func firstLevel(_ level: String, _ facts: Int) {
        var book = FactBook("x")
        #expect(book.read(FactReading("x", .verified, level), at: Self.start).facts.count == facts)
    }

    @Test("an unchanged fact is written once a day")
    func confirmed() {
        // The start of a day.
        let start = WallTime(seconds: 20_000 * Self.day)
        var book = FactBook("x", known: [KnownFact(name: "x", kind: .mx, value: "v", since: start)])
        let reading = FactReading("x", .mx, "v")
        #expect(book.read(reading, at: start.advanced(by: Self.day - 1)).isEmpty)
        let next = book.read(reading, at: start.advanced(by: Self.day))
        #expect(next.facts.map(\.since) == [start])
        #expect(next.facts.map(\.seenAt) == [start.advanced(by: Self.day)])
        #expect(next.changes.isEmpty)
        #expect(book.read(reading, at: start.advanced(by: Self.day + 5)).isEmpty)
    }

    @Test("what changes all the time is written so many times a day")
    func unsteady() {
        let start = WallTime(seconds: 20_000 * Self.day)
        var book = FactBook("x", known: [KnownFact(name: "x", kind: .mx, value: "0", since: start)])
        var written = 0
        for number in 1...FactRules.changesOfDay + 1 {
            written +=
                book.read(FactReading("x", .mx, "\(number)"), at: start.advanced(by: Int64(number))).changes.count
        }
        #expect(written == FactRules.changesOfDay)
        // The state is written on the next day.
        let later = book.read(FactReading("x", .mx, "\(FactRules.changesOfDay + 1)"), at: start.advanced(by: Self.day))
        #expect(later.facts.count == 1 && later.changes.isEmpty)
    }

    @Test(
        "once it is unsteady an alarm ends, and none is raised; the next day tells how it is",
        arguments: [("secure: none", true), ("secure: 3 1 1 ab", false)])
    func unsteadyAlarms(_ last: String, _ isGone: Bool) {
        let start = WallTime(seconds: 20_000 * Self.day)
        let good = "secure: 3 1 1 ab"
        var book = FactBook("x", known: [KnownFact(name: "x", kind: .tlsa, value: good, since: start)])
        var (raised, cleared) = (0, 0)
        func read(_ value: String, _ seconds: Int64) {
            for call in book.read(FactReading("x", .tlsa, value), at: start.advanced(by: seconds)).alarms {
                if call.isClear { cleared += 1 } else { raised += 1 }
            }
        }
        // Odd ones are without, so that the last one that is written ends the alarm; then one more that raises it.
        for number in 1..<FactRules.changesOfDay {
            read(number.isMultiple(of: 2) ? good : "secure: none", Int64(number))
        }
        #expect(raised == FactRules.changesOfDay / 2 && cleared == raised - 1)
        let before = raised
        read("insecure: 3 1 1 ab", 100)
        for number in 0..<20 { read(number.isMultiple(of: 2) ? good : "secure: none", Int64(101 + number)) }
        read(good, 200)
        #expect(raised == before && cleared >= raised, "what stood has ended, nothing was raised")
        read(last, 201)
        read(last, 202)
        #expect(raised == before)
        read(last, Self.day)
        read(last, Self.day + 1)
        #expect(raised == before + (isGone ? 1 : 0))
    }

    @Test("a change names what was and what is")
    func change() {
        var book = FactBook("x", known: [KnownFact(name: "x", kind: .stsID, value: "1", since: Self.start)])
        let now = Self.start.advanced(by: 7)
        let learned = book.read(FactReading("x", .stsID, "2"), at: now)
        #expect(learned.changes == [FactChange(name: "x", kind: .stsID, time: now, old: "1", new: "2")])
        #expect(learned.facts == [KnownFact(name: "x", kind: .stsID, value: "2", since: now)])
    }

    @Test("a value beyond the limit is cut, and two that differ behind it stay two")
    func long() {
        let whole = String(repeating: "a", count: FactReading.textLimit)
        #expect(FactReading("x", .mx, whole).value == whole)
        let one = FactReading("x", .mx, whole + "b").value
        let other = FactReading("x", .mx, whole + "c").value
        #expect(one.utf8.count == FactReading.textLimit && one != other)
        let wide = FactReading("x", .issuer, String(repeating: "ü", count: FactReading.textLimit)).value
        #expect(wide.utf8.count <= FactReading.textLimit && !wide.contains("\u{FFFD}"))
    }

    @Test("what ends a text in a column is another character before it is compared; what is bounded stays so")
    func bounded() {
        #expect(FactReading("x", .issuer, "a\0b").value == "a\u{FFFD}b")
        let cut = FactReading.bounded(String(repeating: "\0", count: FactReading.textLimit))
        #expect(cut.utf8.count <= FactReading.textLimit && FactReading.bounded(cut) == cut)
    }

    @Test("no name is longer than its bound")
    func names() throws {
        let label = String(repeating: "a", count: 63)
        let longest = try DomainName([label, label, label, String(repeating: "b", count: 61)].joined(separator: "."))
        #expect(longest.text.utf8.count == DomainName.lengthLimit)
        let name = FactReading.name(of: longest, port: .max, for: longest)
        #expect(name.utf8.count == 517 && name.utf8.count <= FactReading.nameLimit)
    }

    @Test("a domain adds so many new facts a day, one past it none, others and other days all the same")
    func allowance() throws {
        var allowance = FactAllowance()
        let (one, other) = (try DomainName("a.example"), try DomainName("b.example"))
        func take(_ domain: DomainName, after seconds: Int64 = 0) -> Bool {
            allowance.take(for: domain, at: Self.start.advanced(by: seconds))
        }
        #expect((0..<FactAllowance.newOfDay).allSatisfy { _ in take(one) })
        #expect(!take(one))
        #expect(take(other))
        #expect(take(one, after: Self.day))
    }

    @Test(
        "an alarm ends by itself after two weeks",
        arguments: [
            (AlarmKind.tlsaGone, FactRules.takenAsNormal, false, true),
            (.tlsaGone, FactRules.takenAsNormal - 1, false, false),
            (.tlsaGone, 1, true, false),
            (.issuerChanged, 1, true, true),
            (.mailWillExpire, FactRules.takenAsNormal, false, false),
        ])
    func passing(_ kind: AlarmKind, _ age: Int64, _ isAcknowledged: Bool, _ ends: Bool) {
        var alarm = OperatorAlarm(kind: kind, subject: "x", words: "", raisedAt: Self.start)
        if isAcknowledged { alarm.acknowledgedAt = Self.start }
        #expect((FactRules.clearing(of: alarm, at: Self.start.advanced(by: age)) != nil) == ends)
    }
}
