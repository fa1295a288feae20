/// A line of a reply (RFC 5321 §4.2.1): its code, 0 where it has none, and whether the reply ends with it.
struct ReplyLine: Equatable {
    let code: Int
    let isLast: Bool

    var isPositive: Bool { code / 100 == 2 }
    var isTransient: Bool { code / 100 == 4 }
}

/// Reads replies that come in pieces, keeping nothing of them but the head of the present line.
struct ReplyReader {
    private(set) var head = LineHead()

    /// The next line that ends in `chunk` at or behind `position`, which moves; nil once more octets are needed.
    mutating func next(in chunk: UnsafeRawBufferPointer, from position: inout Int) -> ReplyLine? {
        guard head.take(chunk, from: &position) else { return nil }
        var place = 0
        guard let code = head.number(at: &place), place == 3 else { return ReplyLine(code: 0, isLast: true) }
        return ReplyLine(code: code, isLast: head[3] != 0x2D)
    }
}

/// What a server offers that the source makes use of.
struct Offer: Equatable {
    var hasPipelining = false
    var hasSize = false
    var hasStartTLS = false

    /// Notes the keyword of one line of the reply to EHLO.
    mutating func note(_ head: LineHead) {
        if head.hasWord("PIPELINING", at: 4) { hasPipelining = true }
        if head.hasWord("SIZE", at: 4) { hasSize = true }
        if head.hasWord("STARTTLS", at: 4) { hasStartTLS = true }
    }
}
