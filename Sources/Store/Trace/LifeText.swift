import Mail

/// The record of a life as JSON, cut to ``TraceLimits/record``.
///
/// By hand, and only the writing: `JSONEncoder` takes ten times as long, for each message. What it writes is what `Life` reads.
struct LifeText {
    private(set) var bytes: [UInt8] = []

    /// Texts longer than their bound are cut. Where the whole does not fit, recipients come before their attempts, the first
    /// recipients before the later ones, and the last attempts before the earlier ones; the record says how many are left out.
    init(_ life: Life) {
        if let whole = LifeText(whole: life) {
            self = whole
            return
        }
        bytes.reserveCapacity(TraceLimits.record)
        head(life)
        // Half the room is the recipients', whatever was noted.
        let notices = fitting(life.notices.prefix(TraceLimits.notesShown), upTo: TraceLimits.record / 4) {
            $0.string($1.text, TraceLimits.name)
        }
        list("n", notices)
        let notes = fitting(life.notes.suffix(TraceLimits.notesShown).reversed(), upTo: TraceLimits.record / 4) {
            $0.note($1)
        }
        list("w", notes.reversed())
        let room = TraceLimits.record - bytes.count - Self.tailRoom
        let (recipients, omittedRecipients, omittedAttempts) = Self.recipients(life.recipients, within: room)
        list("r", recipients)
        tail(life, omittedRecipients, omittedAttempts)
    }

    /// All of it in one go, as nearly every life is written; nil where it does not fit.
    private init?(whole life: Life) {
        bytes.reserveCapacity(2048)
        head(life)
        guard life.notices.count <= TraceLimits.notesShown, life.notes.count <= TraceLimits.notesShown,
            each("n", life.notices, { $0.string($1.text, TraceLimits.name) }),
            each("w", life.notes, { $0.note($1) }),
            each(
                "r", life.recipients,
                { text, recipient in
                    text.recipient(recipient)
                    _ = text.each("t", recipient.attempts) { $0.attempt($1) }
                    text.close()
                })
        else { return nil }
        tail(life, 0, 0)
        if bytes.count > TraceLimits.record { return nil }
    }

    /// Octets of what stands around and behind the recipients.
    private static let tailRoom = 64

    private init() {}

    // MARK: - Parts

    private mutating func head(_ life: Life) {
        open()
        name("id", life.id.text)
        name("mid", life.messageID)
        number("k", Int64(life.kind.rawValue))
        name("s", life.sender)
        number("ra", life.receivedAt.seconds)
        number("ea", life.endedAt.seconds)
        number("sz", life.size)
        number("d", Int64(life.demand.rawValue))
        client(life.client)
    }

    private mutating func tail(_ life: Life, _ omittedRecipients: Int, _ omittedAttempts: Int) {
        number("or", Int64(life.omittedRecipients &+ omittedRecipients))
        number("oa", Int64(life.omittedAttempts &+ omittedAttempts))
        close()
    }

    private mutating func client(_ client: Life.Client) {
        key("c")
        open()
        name("n", client.name)
        name("a", client.address)
        name("t", client.tls)
        name("l", client.login)
        text("f", client.forwarded)
        name("i", client.listener)
        close()
    }

    private mutating func note(_ note: Life.Note) {
        open()
        number("t", note.time.seconds)
        text("w", note.words)
        close()
    }

    /// Without its attempts and without its end.
    private mutating func recipient(_ recipient: Life.Recipient) {
        open()
        name("a", recipient.address)
        name("d", recipient.destination)
        name("o", recipient.outcome.rawValue)
        name("c", recipient.cause)
        text("w", recipient.detail)
        text("r", recipient.reply)
        name("h", recipient.host)
        name("n", recipient.notify)
    }

    private mutating func attempt(_ attempt: Life.Attempt) {
        open()
        number("t", attempt.time.seconds)
        name("h", attempt.host)
        name("a", attempt.address)
        name("l", attempt.tlsLevel)
        name("v", attempt.verifiedBy)
        name("q", attempt.requiredBy)
        name("s", attempt.tls)
        name("o", attempt.result)
        text("r", attempt.reply)
        number("ms", attempt.milliseconds)
        name("p", attempt.times)
        name("d", attempt.decision)
        name("e", attempt.evidence)
        name("f", attempt.phases)
        close()
    }

    private static func recipients(
        _ all: [Life.Recipient], within room: Int
    ) -> (parts: [[UInt8]], omittedRecipients: Int, omittedAttempts: Int) {
        var left = room
        var heads: [[UInt8]] = []
        for recipient in all {
            var head = LifeText()
            head.recipient(recipient)
            // With `,"t":[]}` and the comma before the next one.
            let size = head.bytes.count + 9
            if size > left { break }
            left -= size
            heads.append(head.bytes)
        }
        // The last attempt of each, then the one before it: all have their latest first.
        var attempts: [[[UInt8]]] = Array(repeating: [], count: heads.count)
        let deepest = all.prefix(heads.count).map(\.attempts.count).max() ?? 0
        rounds: for back in 0..<deepest {
            for index in heads.indices where back < all[index].attempts.count {
                var one = LifeText()
                one.attempt(all[index].attempts[all[index].attempts.count - 1 - back])
                let size = one.bytes.count + 1
                if size > left { break rounds }
                left -= size
                attempts[index].append(one.bytes)
            }
        }
        var omitted = 0
        for recipient in all { omitted += recipient.attempts.count }
        for kept in attempts { omitted -= kept.count }
        let parts = heads.indices.map { index in
            var text = LifeText()
            text.bytes = heads[index]
            text.list("t", attempts[index].reversed())
            text.close()
            return text.bytes
        }
        return (parts, all.count - heads.count, omitted)
    }

    /// The first of `all` that fit into `limit` octets together.
    private func fitting<Part>(
        _ all: some Sequence<Part>, upTo limit: Int, _ write: (inout LifeText, Part) -> Void
    ) -> [[UInt8]] {
        var left = limit
        var parts: [[UInt8]] = []
        for part in all {
            var text = LifeText()
            write(&text, part)
            left -= text.bytes.count + 1
            if left < 0 { break }
            parts.append(text.bytes)
        }
        return parts
    }

    // MARK: - JSON

    private mutating func open() { bytes.append(UInt8(ascii: "{")) }

    private mutating func close() { bytes.append(UInt8(ascii: "}")) }

    private mutating func key(_ key: StaticString) {
        if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        key.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func number(_ name: StaticString, _ value: Int64) {
        key(name)
        bytes.append(contentsOf: String(value).utf8)
    }

    private mutating func name(_ name: StaticString, _ value: String?) {
        guard let value else { return }
        key(name)
        string(value, TraceLimits.name)
    }

    private mutating func text(_ name: StaticString, _ value: String?) {
        guard let value else { return }
        key(name)
        string(value, TraceLimits.words)
    }

    private mutating func list(_ name: StaticString, _ parts: [[UInt8]]) {
        key(name)
        bytes.append(UInt8(ascii: "["))
        for (number, part) in parts.enumerated() {
            if number > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: part)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// False where the text is longer than a record may be: then nobody wants the rest.
    private mutating func each<Part>(_ name: StaticString, _ parts: [Part], _ write: (inout LifeText, Part) -> Void)
        -> Bool
    {
        key(name)
        bytes.append(UInt8(ascii: "["))
        for (number, part) in parts.enumerated() {
            if number > 0 { bytes.append(UInt8(ascii: ",")) }
            write(&self, part)
            if bytes.count > TraceLimits.record { return false }
        }
        bytes.append(UInt8(ascii: "]"))
        return true
    }

    /// At most `limit` octets as they are written, so that nobody fills a record with what is to be escaped.
    private mutating func string(_ value: String, _ limit: Int) {
        bytes.append(UInt8(ascii: "\""))
        if value.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            bytes.append(contentsOf: value.cut(to: limit).utf8)
        } else {
            let end = bytes.count + limit
            for scalar in value.unicodeScalars {
                let start = bytes.count
                for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { escape(byte) }
                if bytes.count > end {
                    bytes.removeSubrange(start...)
                    break
                }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case 0..<0x20:
            let digits = Array("0123456789abcdef".utf8)
            bytes.append(contentsOf: "\\u00".utf8)
            bytes.append(digits[Int(byte >> 4)])
            bytes.append(digits[Int(byte & 15)])
        default:
            bytes.append(byte)
        }
    }
}
