import FoundationEssentials
import GRDB
import Mail

// How values of `Mail` lie in columns: a domain name as TEXT, an address literal as BLOB of 4 or 16 octets, a reply as
// code, enhanced code and text. Everything is a bound parameter: reply text and addresses are a stranger's words.

extension MailDomain {
    var column: DatabaseValue {
        switch self {
        case .name(let name): name.text.databaseValue
        case .literal(let address): address.octets.databaseValue
        }
    }

    init(column: DatabaseValue) throws {
        switch column.storage {
        case .string(let text):
            guard let name = try? DomainName(text) else { throw DamagedRow(what: "no domain name") }
            self = .name(name)
        case .blob(let data):
            guard let address = IPAddress(octets: data) else { throw DamagedRow(what: "no address") }
            self = .literal(address)
        default:
            throw DamagedRow(what: "no domain")
        }
    }
}

extension Columns {
    mutating func mailbox() throws -> Mailbox {
        Mailbox(localPart: try text(), domain: try domain())
    }

    /// What cannot be read has no sender for people: nobody is told of its end.
    mutating func reversePath() throws -> ReversePath {
        let local = try optionalText()
        guard let local else {
            _ = try value()
            return .null
        }
        return .mailbox(Mailbox(localPart: local, domain: try domain()))
    }

    /// A domain that cannot be read is one that nobody can have, for people.
    private mutating func domain() throws -> MailDomain {
        let column = try value()
        do {
            return try MailDomain(column: column)
        } catch {
            guard isLenient, let name = try? DomainName("unreadable.invalid") else { throw error }
            return .name(name)
        }
    }

    mutating func address() throws -> IPAddress? {
        try optionalBytes().flatMap { IPAddress(octets: $0) }
    }

    mutating func reply() throws -> Reply? {
        let number = try optionalInt64()
        let enhanced = try optionalInt64().flatMap { EnhancedStatusCode(column: $0) }
        let text = try optionalText() ?? ""
        guard let number, let code = UInt16(exactly: number) else { return nil }
        return Reply(code, enhanced, lines: ReplyText.lines(text))
    }

    mutating func outcome() throws -> Outcome? {
        let result = try optionalInt64()
        let cause = try optionalText()
        let detail = try optionalText() ?? ""
        let reply = try reply()
        // A cause this program does not know was written by a newer one: its sentence still tells the story.
        let reason = Reason(cause.flatMap(Reason.Cause.init(rawValue:)) ?? .localFailure, detail)
        switch result {
        case nil: return nil
        case Outcome.deliveredColumn: return .delivered(reply ?? Reply(250, nil, ""))
        case Outcome.deferredColumn: return .deferred(reason, reply)
        case Outcome.bouncedColumn: return .bounced(reason, reply)
        case _ where isLenient: return nil
        default: throw DamagedRow(what: "no outcome")
        }
    }
}

extension MessageDemand {
    /// A number nobody gave stands for the strictest demand: mail may wait or come back, but not go out too openly.
    init(column: Int) { self = MessageDemand(rawValue: column) ?? .requireTLS }
}

extension Outcome {
    static let deliveredColumn: Int64 = 0
    static let deferredColumn: Int64 = 1
    static let bouncedColumn: Int64 = 2

    /// Columns `result, cause, detail, reply_code, reply_enhanced, reply_text`.
    var columns: [DatabaseValue] {
        switch self {
        case .delivered(let reply):
            [Self.deliveredColumn.databaseValue, .null, .null] + ReplyText.columns(reply)
        case .deferred(let reason, let reply):
            [Self.deferredColumn.databaseValue] + reason.columns + ReplyText.columns(reply)
        case .bounced(let reason, let reply):
            [Self.bouncedColumn.databaseValue] + reason.columns + ReplyText.columns(reply)
        }
    }

    var isFinal: Bool {
        switch self {
        case .deferred: false
        case .delivered, .bounced: true
        }
    }
}

extension Reason {
    var columns: [DatabaseValue] {
        [cause.rawValue.databaseValue, detail.cut(to: QueueLimits.detailText).databaseValue]
    }
}

extension EnhancedStatusCode {
    // 4.7.25 is 4_007_025.
    var column: Int64 { Int64(self.class) * 1_000_000 + Int64(subject) * 1000 + Int64(detail) }

    init?(column: Int64) {
        guard (2_000_000..<6_000_000).contains(column) else { return nil }
        self.init(
            UInt8(truncatingIfNeeded: column / 1_000_000), UInt16(truncatingIfNeeded: column / 1000 % 1000),
            UInt16(truncatingIfNeeded: column % 1000))
    }
}

/// The lines of a reply as one text. A stranger wrote them: a line feed or backslash within a line is escaped, so that
/// what comes back has the lines that went in.
enum ReplyText {
    /// `reply_code, reply_enhanced, reply_text`
    static func columns(_ reply: Reply?) -> [DatabaseValue] {
        guard let reply else { return [.null, .null, .null] }
        return [
            Int64(reply.code).databaseValue, reply.enhanced.map { $0.column.databaseValue } ?? .null,
            text(reply.lines).databaseValue,
        ]
    }

    static func text(_ lines: [String]) -> String {
        var bytes: [UInt8] = []
        for (number, line) in lines.enumerated() {
            if number > 0 { bytes.append(UInt8(ascii: "\n")) }
            for byte in line.utf8 {
                switch byte {
                case UInt8(ascii: "\n"): bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
                case UInt8(ascii: "\\"): bytes += [byte, byte]
                default: bytes.append(byte)
                }
            }
            if bytes.count > QueueLimits.replyText { break }
        }
        return String(decoding: bytes, as: UTF8.self).cut(to: QueueLimits.replyText)
    }

    static func lines(_ text: String) -> [String] {
        var lines: [[UInt8]] = [[]]
        var isEscaped = false
        for byte in text.utf8 {
            switch byte {
            case _ where isEscaped:
                lines[lines.count - 1].append(byte == UInt8(ascii: "n") ? UInt8(ascii: "\n") : byte)
                isEscaped = false
            case UInt8(ascii: "\\"): isEscaped = true
            case UInt8(ascii: "\n"): lines.append([])
            default: lines[lines.count - 1].append(byte)
            }
        }
        return lines.map { String(decoding: $0, as: UTF8.self) }
    }
}

extension String {
    /// At most `limit` octets, ending at a whole character.
    func cut(to limit: Int) -> String {
        if utf8.count <= limit { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: limit)
        // Back to a border of scalars: unicodeScalars rounds down.
        end = unicodeScalars.index(end, offsetBy: 0)
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
