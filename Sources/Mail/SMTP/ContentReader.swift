/// Reads content over any borders of input: what follows 354 up to CRLF.CRLF and nothing else (RFC 5321 §4.1.1.4), or the
/// chunks of BDAT (RFC 3030 §2). The facts are those of the content, whichever way it comes.
///
/// It unstuffs (RFC 5321 §4.5.2) by emitting ranges of its input; no octet is copied. A bare CR or LF never ends a line
/// (D16): it is noted, and reading goes on to the true end, so that the session stays in step.
public struct ContentReader: Sendable {
    public enum Progress: Hashable, Sendable {
        /// All input was used, and the end has not come.
        case needsMore
        /// The end was within the input: `consumed` octets of it belong to the content and its end.
        case ended(consumed: Int)
    }

    /// How the octets of content are told from what follows.
    public enum Framing: Hashable, Sendable {
        /// DATA: dots are stuffed, and CRLF.CRLF ends it (RFC 5321 §4.5.2).
        case dots
        /// BDAT: whoever calls counts the octets of each chunk, and all of them are content (RFC 3030 §2).
        case chunks
    }

    /// RFC 5322 §2.1.1: octets of a line without its CRLF.
    public static let lineLimit = 998

    public private(set) var facts = ContentFacts()
    private let limit: Int
    private let framing: Framing
    private var state = State.lineStart
    /// Of the line under way, unstuffed and without its CRLF.
    private var lineLength = 0
    private var lineNumber = 1
    private var header = HeaderScan()

    private enum State {
        /// Behind CRLF, or at the very start, which counts as behind CRLF (RFC 5321 §4.1.1.4).
        case lineStart
        /// Behind a dot at the start of a line.
        case dot
        /// Behind such a dot and a CR.
        case dotCarriageReturn
        case text
        case carriageReturn
    }

    /// `limit`: octets after which nothing more is emitted.
    public init(limit: Int, framing: Framing = .dots) {
        self.limit = limit
        self.framing = framing
    }

    /// Reads on in content that comes by `.dots`. `emit` gets unstuffed octets in order: ranges of `input`, valid only during the call. After a bare CR or
    /// LF, or past the limit, nothing more is emitted. After the end, no more input may come.
    public mutating func consume(
        _ input: UnsafeRawBufferPointer, emit: (UnsafeRawBufferPointer) -> Void
    ) -> Progress {
        var index = 0
        // Start of what was read and not emitted: everything but the dots that stuffing put there.
        var start = 0
        while index < input.count {
            switch state {
            case .lineStart where input[index] == UInt8(ascii: ".") && framing == .dots:
                deliver(input, start..<index, emit)
                index += 1
                start = index
                state = .dot
            case .lineStart:
                state = .text
            case .dot where input[index] == ASCII.carriageReturn:
                // Held back: it is the content's only if something else than LF follows, and then the content is refused.
                index += 1
                start = index
                state = .dotCarriageReturn
            case .dot:
                state = .text
            case .dotCarriageReturn where input[index] == ASCII.lineFeed:
                if facts.bodyOffset == nil { endHeader(size: facts.size) }
                return .ended(consumed: index + 1)
            case .dotCarriageReturn:
                noteBareLineEnd()
                state = .text
            case .text:
                readText(input, &index)
            case .carriageReturn where input[index] == ASCII.lineFeed:
                index += 1
                endLine(emitted: facts.size &+ (index - start))
            case .carriageReturn:
                noteBareLineEnd()
                state = .text
            }
        }
        deliver(input, start..<index, emit)
        return .needsMore
    }

    /// Reads on in content that comes by `.chunks`: all or a part of one chunk, all of it content. `emit` as above.
    public mutating func consume(chunk: UnsafeRawBufferPointer, emit: (UnsafeRawBufferPointer) -> Void) {
        // Without dots there is no end to find.
        _ = consume(chunk, emit: emit)
    }

    /// The last chunk was read: settles the facts that wait for more. Nothing may be consumed after.
    public mutating func finish() {
        // A CR was the very last octet: no LF can follow.
        if state == .carriageReturn { noteBareLineEnd() }
        noteLength()
        facts.endsWithLineEnd = state == .lineStart
        if facts.bodyOffset == nil { endHeader(size: facts.size) }
    }

    /// Reads up to a CR or LF and behind it.
    private mutating func readText(_ input: UnsafeRawBufferPointer, _ index: inout Int) {
        let end = LineScan.lineBreak(in: input, from: index, has8bit: &facts.has8bit)
        if facts.bodyOffset == nil, !header.isLineDone {
            for byte in input[index..<end] {
                header.take(byte)
                if header.isLineDone { break }
            }
        }
        lineLength &+= end - index
        index = end
        guard end < input.count else { return }
        index += 1
        if input[end] == ASCII.carriageReturn {
            state = .carriageReturn
        } else {
            // It ends nothing: what follows is still the same line.
            noteBareLineEnd()
        }
    }

    private mutating func endLine(emitted: Int) {
        noteLength()
        if facts.bodyOffset == nil {
            if lineLength == 0 {
                facts.bodyOffset = emitted
                endHeader(size: emitted &- 2)
            } else {
                header.endLine()
            }
        }
        lineLength = 0
        lineNumber &+= 1
        state = .lineStart
    }

    /// `size`: octets before the empty line.
    private mutating func endHeader(size: Int) {
        header.endField()
        facts.headerHasEnded = true
        facts.receivedCount = header.receivedCount
        facts.tlsRequired = header.tlsRequired
        facts.isTLSReport = header.has(.reportDomain) && header.has(.reportSubmitter)
        facts.hasDate = header.has(.date)
        facts.hasMessageID = header.has(.messageID)
        facts.messageID = header.messageID.isEmpty ? nil : String(validating: header.messageID, as: UTF8.self)
        facts.hasFrom = header.has(.from)
        facts.headerSize = size
        // Of the body, nothing was read so far.
        facts.headerHas8bit = facts.has8bit
    }

    private mutating func noteLength() {
        if lineLength > Self.lineLimit, facts.longLine == nil { facts.longLine = lineNumber }
    }

    private mutating func noteBareLineEnd() {
        if facts.bareLineEnd == nil { facts.bareLineEnd = lineNumber }
    }

    private mutating func deliver(
        _ input: UnsafeRawBufferPointer, _ range: Range<Int>, _ emit: (UnsafeRawBufferPointer) -> Void
    ) {
        if range.isEmpty { return }
        let room = max(0, limit - facts.size)
        facts.size &+= range.count
        if facts.size > limit { facts.exceedsLimit = true }
        let count = min(range.count, room)
        if count == 0 || facts.bareLineEnd != nil { return }
        emit(UnsafeRawBufferPointer(rebasing: input[range.lowerBound..<range.lowerBound + count]))
    }
}
