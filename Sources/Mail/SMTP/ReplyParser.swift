/// Makes replies of octets as they come from a server (RFC 5321 §4.2).
///
/// Tolerated because hosts do it: lines that end in LF alone, replies without text, a final line without the blank (RFC
/// 5321 erratum 4198). The text comes out as one line for people: control characters are gone, octets that are no UTF-8
/// are escaped as `\xNN`.
public struct ReplyParser: Sendable {
    /// Octets of one line with its end; four times what RFC 5321 §4.5.3.1.5 allows, because hosts exceed it.
    public static let lineLimit = 2048
    /// Lines of one reply.
    public static let lineCountLimit = 100
    /// Octets of one reply.
    public static let replyLimit = 32 * 1024

    private var buffer: [UInt8] = []
    /// Octets of `buffer` already made into lines.
    private var read = 0
    /// Where the search for the next line end goes on, so that a line is scanned once however it arrives.
    private var scanned = 0
    private var code: UInt16?
    /// Lines of the reply under way, with their codes.
    private var lines: [[UInt8]] = []
    private var octets = 0
    private var failure: ReplyError?

    public init() {}

    /// Octets read but not yet part of a reply that was handed out: what lies behind a 220 to STARTTLS (RFC 3207 §6).
    public var pendingBytes: Int { buffer.count - read + octets }

    /// Adds octets from the connection.
    public mutating func append(_ bytes: some Sequence<UInt8>) {
        buffer.append(contentsOf: bytes)
    }

    /// The next complete reply; nil means more octets are needed. After a throw the connection is of no use, and each
    /// further call throws the same.
    public mutating func next() throws(ReplyError) -> Reply? {
        if let failure { throw failure }
        do {
            return try nextReply()
        } catch {
            failure = error
            throw error
        }
    }

    private mutating func nextReply() throws(ReplyError) -> Reply? {
        while let line = try nextLine() {
            let (code, isLast) = try Self.head(line)
            if let first = self.code, first != code { throw .codeChanged }
            self.code = code
            lines.append(line)
            if isLast {
                defer {
                    self.code = nil
                    lines = []
                    octets = 0
                }
                return Self.reply(code, lines)
            }
            if lines.count >= Self.lineCountLimit { throw .tooManyLines }
        }
        return nil
    }

    /// The next line without its end; nil where it is not complete.
    private mutating func nextLine() throws(ReplyError) -> [UInt8]? {
        guard let end = buffer[scanned...].firstIndex(of: ASCII.lineFeed) else {
            scanned = buffer.count
            if buffer.count - read >= Self.lineLimit { throw .lineTooLong }
            if octets + buffer.count - read > Self.replyLimit { throw .tooLong }
            return nil
        }
        let length = end + 1 - read
        if length > Self.lineLimit { throw .lineTooLong }
        octets += length
        if octets > Self.replyLimit { throw .tooLong }
        var line = buffer[read..<end]
        if line.last == ASCII.carriageReturn { line.removeLast() }
        read = end + 1
        let bytes = Array(line)
        if read == buffer.count || read > Self.replyLimit {
            buffer.removeFirst(read)
            read = 0
        }
        scanned = read
        return bytes
    }

    // Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
    private static func head(_ line: [UInt8]) throws(ReplyError) -> (code: UInt16, isLast: Bool) {
        guard line.count >= 3, let code = ASCII.decimal(line[..<3], as: UInt16.self) else { throw .malformedLine }
        let isLast: Bool
        switch line.count > 3 ? line[3] : ASCII.space {
        case ASCII.space: isLast = true
        case UInt8(ascii: "-"): isLast = false
        default: throw .malformedLine
        }
        // RFC 5321 §4.2.1: 1yz is not used, and there is nothing beyond 5yz.
        guard (200...599).contains(code) else { throw .unknownClass }
        return (code, isLast)
    }

    private static func reply(_ code: UInt16, _ lines: [[UInt8]]) -> Reply {
        let enhanced = lines.first.flatMap { EnhancedStatusCode(leading: $0.dropFirst(4), replyCode: code) }
        let texts = lines.enumerated().map { index, line in
            var text = line.dropFirst(4)
            if let enhanced, index == 0 || EnhancedStatusCode(leading: text, replyCode: code) == enhanced {
                text = text.drop { $0 != ASCII.space }.dropFirst()
            }
            return SafeText.string(text)
        }
        return Reply(code, enhanced, lines: texts)
    }
}

/// Why octets are no reply.
public enum ReplyError: Error, Hashable, Sendable {
    /// No three digits, or something else than a blank, a hyphen or the end behind them.
    case malformedLine
    /// The first digit is none of 2 to 5 (RFC 5321 §4.2.1).
    case unknownClass
    /// The lines of one reply differ in their code (RFC 5321 §4.2.1).
    case codeChanged
    case lineTooLong
    case tooManyLines
    case tooLong
}

extension EnhancedStatusCode {
    /// Reads the code a reply text begins with; nil where there is none or its class disagrees with the reply code, which
    /// RFC 2034 §4 forbids: such a code says nothing.
    init?(leading text: some Collection<UInt8>, replyCode: UInt16) {
        let word = text.prefix { $0 != ASCII.space }
        let dot = UInt8(ascii: ".")
        guard let first = word.firstIndex(of: dot) else { return nil }
        let rest = word[word.index(after: first)...]
        guard let second = rest.firstIndex(of: dot) else { return nil }
        let last = rest[rest.index(after: second)...]
        // status-code = class "." subject "." detail, of 1, 1 to 3 and 1 to 3 digits
        guard word[..<first].count == 1, (1...3).contains(rest[..<second].count), (1...3).contains(last.count),
            let `class` = ASCII.decimal(word[..<first], as: UInt8.self), UInt16(`class`) == replyCode / 100,
            `class` != 3,
            let subject = ASCII.decimal(rest[..<second], as: UInt16.self),
            let detail = ASCII.decimal(last, as: UInt16.self)
        else { return nil }
        self.init(`class`, subject, detail)
    }
}
