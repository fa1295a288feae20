/// Writes content as DATA wants it: leading dots doubled, CRLF.CRLF behind it (RFC 5321 §4.5.2), over any borders of
/// input.
///
/// Intake refused content with bare CR or LF; should one be here all the same, it does not leave: a lax server could take
/// it for a line end, and what follows for commands (SMTP smuggling).
public struct ContentWriter: Sendable {
    private enum State {
        /// Behind CRLF, or at the very start.
        case lineStart
        case text
        /// Behind a CR, which is held back until its LF comes.
        case carriageReturn
    }
    private var state = State.lineStart

    public init() {}

    /// Encodes on. `emit` gets octets for the wire in order, valid only during the call: mostly ranges of `input`. Throws at
    /// the first bare CR or LF, before it is emitted: the connection must then be dropped without the final dot.
    public mutating func encode(
        _ input: UnsafeRawBufferPointer, emit: (UnsafeRawBufferPointer) -> Void
    ) throws(ContentError) {
        var index = 0
        var start = 0
        var has8bit = false
        while index < input.count {
            switch state {
            case .lineStart:
                if input[index] == UInt8(ascii: ".") {
                    Self.deliver(input, start..<index, emit)
                    start = index
                    Self.deliver(".", emit)
                }
                state = .text
            case .text:
                index = LineScan.lineBreak(in: input, from: index, has8bit: &has8bit)
                guard index < input.count else { break }
                if input[index] == ASCII.lineFeed {
                    Self.deliver(input, start..<index, emit)
                    throw .bareLineFeed
                }
                state = .carriageReturn
                index += 1
            case .carriageReturn:
                // Where the CR came with the last input, `start` is here and the CR is still owed.
                let owed = start == index
                guard input[index] == ASCII.lineFeed else {
                    if !owed { Self.deliver(input, start..<index - 1, emit) }
                    throw .bareCarriageReturn
                }
                if owed { Self.deliver("\r", emit) }
                state = .lineStart
                index += 1
            }
        }
        switch state {
        case .lineStart, .text: Self.deliver(input, start..<index, emit)
        case .carriageReturn: Self.deliver(input, start..<max(start, index - 1), emit)
        }
    }

    /// Emits the end: `.` CRLF, and before it a CRLF only where the content lacked one. Throws where the content ends in a
    /// bare CR.
    public func finish(emit: (UnsafeRawBufferPointer) -> Void) throws(ContentError) {
        switch state {
        case .lineStart: Self.deliver(".\r\n", emit)
        case .text: Self.deliver("\r\n.\r\n", emit)
        case .carriageReturn: throw .bareCarriageReturn
        }
    }

    private static func deliver(
        _ input: UnsafeRawBufferPointer, _ range: Range<Int>, _ emit: (UnsafeRawBufferPointer) -> Void
    ) {
        if !range.isEmpty { emit(UnsafeRawBufferPointer(rebasing: input[range])) }
    }

    private static func deliver(_ text: StaticString, _ emit: (UnsafeRawBufferPointer) -> Void) {
        text.withUTF8Buffer { emit(UnsafeRawBufferPointer($0)) }
    }
}

/// Content that may not leave (RFC 5321 §2.3.8).
public enum ContentError: Error, Hashable, Sendable {
    case bareCarriageReturn
    case bareLineFeed
}
