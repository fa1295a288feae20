/// A header section and what follows it: a message, or one part of one (RFC 2045 §2.4). Lines may end in CRLF or in LF.
struct MIMEEntity {
    /// In their order, unfolded, names in lower case.
    let fields: [(name: String, value: [UInt8])]
    let body: ArraySlice<UInt8>

    /// Octets of a header section that are read; the fields behind them are as good as missing.
    static let headerLimit = 256 * 1024

    init(_ octets: ArraySlice<UInt8>) {
        var fields: [(name: String, value: [UInt8])] = []
        var lines = MIMELines(octets)
        while let line = lines.next() {
            if line.isEmpty { break }
            if lines.position - octets.startIndex > Self.headerLimit { continue }
            if let first = line.first, ASCII.isBlank(first) {
                // RFC 5322 §2.2.3
                if !fields.isEmpty { fields[fields.endIndex - 1].value += line }
            } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
                let name = RecordFields.trimmedAtEnd(line[..<colon]).map(ASCII.lowercased)
                fields.append((String(decoding: name, as: UTF8.self), Array(line[(colon + 1)...])))
            }
        }
        self.fields = fields
        body = octets[lines.position...]
    }

    /// The first of that name, which is in lower case.
    func field(_ name: String) -> ParameterField? {
        fields.first { $0.name == name }.map { ParameterField($0.value) }
    }

    /// `text/plain` where there is none or none that can be read (RFC 2045 §5.2).
    var contentType: ParameterField {
        guard let field = field("content-type"), field.value.contains("/") else {
            return ParameterField(Array("text/plain".utf8))
        }
        return field
    }

    /// The parts of a multipart body (RFC 2046 §5.1.1), at most `limit`; the last one need not be closed.
    func parts(boundary: String, limit: Int) -> [ArraySlice<UInt8>] {
        let border = Array("--\(boundary)".utf8)
        var parts: [ArraySlice<UInt8>] = []
        var start: Int?
        var lines = MIMELines(body)
        var lineStart = lines.position
        // Where the last line before `lineStart` ended, without its line end: that belongs to the border.
        var end = lineStart
        while let line = lines.next() {
            if line.starts(with: border) {
                let rest = line.dropFirst(border.count)
                let isLast = rest.starts(with: "--".utf8)
                if isLast || rest.allSatisfy(ASCII.isBlank) {
                    if let start { parts.append(body[start..<max(start, end)]) }
                    if isLast || parts.count >= limit { return parts }
                    start = lines.position
                }
            }
            end = lineStart + line.count
            lineStart = lines.position
        }
        if let start, parts.count < limit { parts.append(body[start...]) }
        return parts
    }

    /// The body as it was before its transfer (RFC 2045 §6). An encoding that is unknown counts as none.
    /// The same storage where there is nothing to decode: mails within mails are as many copies otherwise.
    var decodedBody: ArraySlice<UInt8> {
        switch field("content-transfer-encoding")?.value {
        case "base64": TransferEncoding.base64(body)[...]
        case "quoted-printable": TransferEncoding.quotedPrintable(body)[...]
        default: body
        }
    }
}

/// The lines of a text, without their ends.
struct MIMELines {
    private let octets: ArraySlice<UInt8>
    /// Where the next line begins.
    private(set) var position: Int

    init(_ octets: ArraySlice<UInt8>) {
        self.octets = octets
        position = octets.startIndex
    }

    /// Ends at LF, or at CRLF.
    mutating func next() -> ArraySlice<UInt8>? {
        guard position < octets.endIndex else { return nil }
        let rest = octets[position...]
        let end = rest.firstIndex(of: ASCII.lineFeed) ?? octets.endIndex
        let line = rest[..<end]
        position = end < octets.endIndex ? end + 1 : end
        return line.last == ASCII.carriageReturn ? line.dropLast() : line
    }
}

/// Content as it was before its transfer (RFC 2045 §6.7, §6.8). What does not belong there is passed over: a report that
/// was damaged shows it in the next layer.
enum TransferEncoding {
    static func base64(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(text.count / 4 * 3)
        var bits: UInt32 = 0
        var count = 0
        for octet in text {
            guard let value = sextet(octet) else {
                // Padding ends a group; a new one may follow where texts were joined.
                if octet == UInt8(ascii: "="), count > 0 { flush(&octets, &bits, &count) }
                continue
            }
            bits = bits << 6 | value
            count += 1
            if count == 4 { flush(&octets, &bits, &count) }
        }
        if count > 0 { flush(&octets, &bits, &count) }
        return octets
    }

    /// The whole octets of a group of `count` letters.
    private static func flush(_ octets: inout [UInt8], _ bits: inout UInt32, _ count: inout Int) {
        bits <<= UInt32(4 - count) * 6
        for place in 0..<max(0, count - 1) { octets.append(UInt8(truncatingIfNeeded: bits >> UInt32(16 - 8 * place))) }
        (bits, count) = (0, 0)
    }

    /// RFC 4648 §4
    private static func sextet(_ octet: UInt8) -> UInt32? {
        switch octet {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(octet) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(octet) - 71
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(octet) + 4
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    static func quotedPrintable(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(text.count)
        var lines = MIMELines(text)
        while var line = lines.next() {
            // RFC 2045 §6.7 (3): blanks at the end of a line were added on the way.
            while let last = line.last, ASCII.isBlank(last) { line = line.dropLast() }
            let isSoft = line.last == UInt8(ascii: "=")
            if isSoft { line = line.dropLast() }
            while let octet = line.popFirst() {
                if octet == UInt8(ascii: "="), let high = line.first.flatMap(ASCII.hexDigitValue),
                    let low = line.dropFirst().first.flatMap(ASCII.hexDigitValue)
                {
                    octets.append(high << 4 | low)
                    line = line.dropFirst(2)
                } else {
                    octets.append(octet)
                }
            }
            if !isSoft { octets += [ASCII.carriageReturn, ASCII.lineFeed] }
        }
        return octets
    }
}
