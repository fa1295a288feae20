/// The service extensions a server announced in its latest EHLO reply (RFC 5321 §2.2). Empty after HELO.
public struct ServiceExtensions: Hashable, Sendable {
    /// SIZE (RFC 1870 §4).
    public enum Size: Hashable, Sendable {
        case unlimited
        /// Octets.
        case limit(Int)
    }

    public var pipelining = false
    public var size: Size?
    public var eightBitMIME = false
    public var startTLS = false
    public var smtpUTF8 = false
    public var dsn = false
    public var chunking = false
    public var enhancedStatusCodes = false
    public var requireTLS = false
    /// AUTH (RFC 4954 §3): the mechanisms' names, in upper case.
    public var mechanisms: [String] = []
    /// RCPTMAX, MAILMAX and RCPTDOMAINMAX of LIMITS (RFC 9422 §3).
    public var recipientLimit: Int?
    public var transactionLimit: Int?
    public var recipientDomainLimit: Int?

    public init() {}

    /// Reads a positive reply to EHLO. What cannot be read is ignored (RFC 9422 §3.6).
    public init(reply: Reply) {
        // The first line is the host's name and greeting.
        for line in reply.lines.dropFirst() {
            let words = line.split(separator: " ")
            guard let keyword = words.first else { continue }
            let values = words.dropFirst()
            switch keyword.uppercased() {
            case "PIPELINING": pipelining = true
            case "SIZE": size = Self.size(values.first)
            case "8BITMIME": eightBitMIME = true
            case "STARTTLS": startTLS = true
            case "SMTPUTF8": smtpUTF8 = true
            case "DSN": dsn = true
            case "CHUNKING": chunking = true
            case "ENHANCEDSTATUSCODES": enhancedStatusCodes = true
            case "REQUIRETLS": requireTLS = true
            case "AUTH": mechanisms += values.map { $0.uppercased() }
            case "LIMITS": readLimits(values)
            default: break
            }
        }
    }

    // size-param: no number and 0 both mean that there is no fixed limit (RFC 1870 §4). A number too large for us cannot be
    // reached, and what is no number is ignored.
    private static func size(_ value: Substring?) -> Size {
        guard let value, let octets = ASCII.decimal(Array(value.utf8), as: Int.self), octets > 0 else {
            return .unlimited
        }
        return .limit(octets)
    }

    // limit = keyword "=" value; values of one to six digits, without a leading zero (RFC 9422 §3)
    private mutating func readLimits(_ limits: ArraySlice<Substring>) {
        for limit in limits {
            let parts = limit.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let name = parts.first, let digits = parts.last,
                (1...6).contains(digits.utf8.count),
                digits.utf8.first != UInt8(ascii: "0"), let value = ASCII.decimal(Array(digits.utf8), as: Int.self)
            else { continue }
            switch name.uppercased() {
            case "RCPTMAX": recipientLimit = value
            case "MAILMAX": transactionLimit = value
            case "RCPTDOMAINMAX": recipientDomainLimit = value
            default: break
            }
        }
    }
}
