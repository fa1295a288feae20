/// Reads the header lines of one transfer as they come: counts their octets, finds the end of the head and keeps
/// `Content-Type` and `Retry-After`. A value without libcurl.
struct ResponseHead: Sendable {
    /// What a line means for the transfer.
    enum Line: Hashable, Sendable {
        case goOn
        /// The head of the answer is over; interim answers (1xx) do not count.
        case ended
        /// More than the limit, this line included.
        case tooMuch
        /// An encoding that was not asked for.
        case refused(String)
    }

    /// Octets of all lines so far, with their line ends.
    private(set) var octets = 0
    /// The head of the answer is over: what comes now is body or trailer.
    private(set) var hasEnded = false
    private(set) var contentType: String?
    /// As written.
    private(set) var retryAfter: String?
    /// The body says itself how long it is. Else it ends with the connection.
    private(set) var hasLength = false
    private var isInContentType = false
    private let limit: Int

    init(limit: Int = HTTPSRequest.headerLimit) {
        self.limit = limit
    }

    /// Takes one line with its line end. `status`: of the answer to which the line belongs.
    mutating func take(_ line: some Collection<UInt8>, status: Int) -> Line {
        octets = octets &+ line.count
        if octets > limit { return .tooMuch }
        if hasEnded { return .goOn }
        let text = Self.trimmed(line)
        if text.isEmpty { return endOfHead(status) }
        if line.first == 0x20 || line.first == 0x09 {
            // RFC 9112 §5.2: a folded line continues the value; a user agent replaces the fold by a blank.
            if isInContentType, let value = contentType { contentType = "\(value) \(Self.string(text))" }
            return .goOn
        }
        isInContentType = false
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { return .goOn }
        let value = Self.trimmed(text[text.index(after: colon)...])
        switch String(decoding: text[..<colon], as: UTF8.self).lowercased() {
        case "content-type":
            // RFC 9110 §5.3: several fields of a name mean the same as one with their values joined by commas.
            contentType = contentType.map { "\($0), \(Self.string(value))" } ?? Self.string(value)
            isInContentType = true
        case "retry-after":
            // Two of them are none that ``RetryAfter`` can read.
            retryAfter = retryAfter.map { "\($0), \(Self.string(value))" } ?? Self.string(value)
        case "transfer-encoding":
            // libcurl would decompress what a server compresses on its own (`gzip, chunked`).
            let coding = String(decoding: value, as: UTF8.self).lowercased()
            if coding != "chunked" { return .refused("the server used a transfer encoding that was not asked for") }
            hasLength = true
        case "content-length":
            hasLength = true
        default:
            break
        }
        return .goOn
    }

    private mutating func endOfHead(_ status: Int) -> Line {
        isInContentType = false
        // 101 is no interim answer: what follows it is another protocol.
        if (100..<200).contains(status) && status != 101 {
            contentType = nil
            retryAfter = nil
            hasLength = false
            return .goOn
        }
        // RFC 9112 §6.3: no body, whatever the fields say.
        if status == 204 { hasLength = true }
        hasEnded = true
        return .ended
    }

    private static func string(_ octets: some Collection<UInt8>) -> String {
        String(decoding: octets, as: UTF8.self)
    }

    /// Without blanks and line ends around it.
    private static func trimmed<Octets: Collection<UInt8>>(_ octets: Octets) -> ArraySlice<UInt8> {
        var rest = Array(octets)[...]
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        while let first = rest.first, isBlank(first) { rest.removeFirst() }
        return rest
    }
}
