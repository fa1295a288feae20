import Fuzzing

@testable import Mail

/// What we write about what strangers said: a notice must be mail whatever it quotes.
extension Target {
    static let notices: [Target] = [
        Target("dsn") { octets in
            var draw = Draw(octets)
            let notice = DrawnNotice(from: &draw)
            let content = notice.dsn.content()
            must(content.suffix(2) == [0x0D, 0x0A], "a notice without its last line end")
            let lines = content.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
            must(lines.allSatisfy { $0.last == 0x0D && $0.count <= 999 && !$0.dropLast().contains(0x0D) }, "a bad line")
            must(notice.isInternationalized || !content.contains { $0 >= 0x80 || $0 == 0 }, "not 7 bits")

            let entity = MIMEEntity(content[...])
            must(entity.contentType.value == "multipart/report", entity.contentType.value)
            let boundary = entity.contentType.parameter("boundary") ?? ""
            must(boundary == "=_\(notice.dsn.noticeID)", boundary)
            if notice.holds(boundary) { return }
            let parts = entity.parts(boundary: boundary, limit: 10).map(MIMEEntity.init)
            must(parts.count == 3, "\(parts.count) parts")
            let groups = Self.groups(Array(parts[1].decodedBody))
            must(groups.count == notice.dsn.recipients.count + 1, "\(groups.count) groups of fields")
            for (group, recipient) in zip(groups.dropFirst(), notice.dsn.recipients) {
                let named = { (name: String) in group.filter { $0.name == name }.count }
                must(named("final-recipient") == 1 && named("action") == 1 && named("status") == 1, "\(group)")
                must(named("diagnostic-code") == (recipient.reply == nil ? 0 : 1), "\(group)")
                must(named("original-recipient") == (recipient.originalRecipient == nil ? 0 : 1), "\(group)")
            }
            if let original = notice.original {
                must(Array(parts[2].decodedBody) == original, "the original does not come back")
            }
        },
        Target("user") { octets in
            guard let record = try? UserRecord(parsing: octets) else { return }
            must((try? UserRecord(parsing: record.line)) == record, "\(record.name) is read otherwise")
            must(record.line.count <= UserRecord.lineLimit && !record.line.contains { $0 < 0x20 }, "no line")
        },
    ]

    /// The fields of message/delivery-status: groups with empty lines between (RFC 3464 §2.1).
    private static func groups(_ body: [UInt8]) -> [[(name: String, value: [UInt8])]] {
        var groups: [[(name: String, value: [UInt8])]] = []
        var rest = body[...]
        while !rest.isEmpty {
            let entity = MIMEEntity(rest)
            groups.append(entity.fields)
            rest = entity.body
        }
        return groups
    }
}

/// A notice of which octets choose the words.
private struct DrawnNotice {
    let dsn: DSN
    let isInternationalized: Bool
    /// What must come back as the third part; nil where only some of it need.
    let original: [UInt8]?
    private let returned: [UInt8]

    private static let host = Target.needed(try? DomainName("mx.b.example"))
    private static let ours = Target.needed(try? DomainName("relay.example"))
    private static let author = Target.needed(try? Mailbox(parsing: "mailer-daemon@relay.example".utf8))
    private static let id = Target.needed(QueueID("0123456789bcdfghjklm"))

    init(from draw: inout Draw) {
        let kind = draw.octet()
        let isInternationalized = kind & 1 == 1
        let isWhole = kind & 2 == 2
        let to = Self.mailbox(&draw, isInternationalized)
        let envelopeID = String(decoding: draw.line(), as: UTF8.self)
        let isEnvelopeID = XText.decoded(envelopeID.utf8)?.allSatisfy { (0x20...0x7E).contains($0) } ?? false
        let receivedFrom = ClientName(parsing: draw.line()).map { "\($0) ([192.0.2.1])" }
        let recipients = (0...draw.number(below: 3)).map { _ in Self.recipient(&draw, isInternationalized) }
        let text = Self.withLineEnds(draw.all())
        self.isInternationalized = isInternationalized
        returned = text
        let isSent = isWhole && (isInternationalized || QuotedPrintable.isSevenBit(text))
        original = isSent ? text : isWhole ? nil : text
        dsn = DSN(
            action: DSN.Action.allCases[Int(kind >> 2) % DSN.Action.allCases.count], reportingMTA: Self.ours,
            from: Self.author, to: to, originalID: Self.id, envelopeID: isEnvelopeID ? envelopeID : nil,
            isInternationalized: isInternationalized, arrival: WallTime(seconds: 1_800_000_000),
            receivedFrom: receivedFrom, recipients: recipients, original: isWhole ? .whole(text) : .header(text),
            noticeID: Self.id, date: WallTime(seconds: 1_800_000_100))
    }

    /// No original can hold a border of 99 random bits; this one is always the same.
    func holds(_ boundary: String) -> Bool {
        String(decoding: returned, as: UTF8.self).contains(boundary)
    }

    private static func recipient(_ draw: inout Draw, _ isInternationalized: Bool) -> DSN.Recipient {
        let mailbox = mailbox(&draw, isInternationalized)
        let original = OriginalRecipient(parsing: draw.text())
        var parser = ReplyParser()
        for _ in 0..<draw.number(below: 4) { parser.append(draw.line() + [0x0A]) }
        let reply = (try? parser.next()) ?? nil
        let causes = Reason.Cause.allCases
        let detail = SafeText.string(draw.line())
        return DSN.Recipient(
            mailbox: mailbox, originalRecipient: original, reason: Reason(draw.one(of: causes) ?? .expired, detail),
            expiredFrom: draw.octet() & 1 == 0 ? nil : Reason(.timedOut, detail), reply: reply,
            remoteHost: reply == nil ? nil : host, status: reply?.enhanced ?? EnhancedStatusCode(5, 0, 0),
            lastAttempt: WallTime(seconds: 1_800_000_050), willRetryUntil: WallTime(seconds: 1_800_000_999))
    }

    /// An address that a client could have given for this mail.
    private static func mailbox(_ draw: inout Draw, _ isInternationalized: Bool) -> Mailbox {
        let none: DomainToASCII = { _ in nil }
        return (try? Mailbox(parsing: draw.line(), toASCII: isInternationalized ? none : nil)) ?? author
    }

    /// As content is kept: no bare CR or LF, and a line end behind the last line.
    private static func withLineEnds(_ octets: [UInt8]) -> [UInt8] {
        octets.split(separator: 0x0A).flatMap { $0.filter { $0 != 0x0D } + [0x0D, 0x0A] }
    }
}
