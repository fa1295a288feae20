/// The identity of a report, `left@right`: one value in the JSON and in the Subject, the same however often it is sent
/// (RFC 8460 §4.4, §5.3; RPTF-05, D7).
public struct ReportID: Hashable, Sendable, CustomStringConvertible {
    /// A dot-atom (RFC 5322 §3.2.3), as `id-left` wants it.
    public let left: String
    /// `id-right`
    public let right: DomainName

    /// Octets of ``left``: those of a day, a domain, a salt and two signs between them are at most 281. A Subject keeps every
    /// word of it on a line of its own, and may not have more than 998 on one (RFC 5322 §2.1.1).
    public static let leftLimit = 300

    /// Unlike for each domain and each day of one submitter and salt: both stand in it.
    /// - Parameters:
    ///   - domain: whose report it is.
    ///   - submitter: the domain of the contact.
    ///   - salt: random, chosen once when the report is planned: two relays of one submitter must not meet.
    public init(domain: DomainName, day: ReportDay, submitter: DomainName, salt: UInt64) {
        let digits = String(salt, radix: 16)
        let salt = String(repeating: "0", count: max(0, 16 - digits.utf8.count)) + digits
        left = "\(day)+\(domain)+\(salt)"
        right = submitter
    }

    /// Reads what ``description`` wrote; nil for anything else, and so for what could not stand in a Subject.
    public init?(_ text: some StringProtocol) {
        let octets = Array(text.utf8)
        guard let at = octets.lastIndex(of: UInt8(ascii: "@")) else { return nil }
        let left = octets[..<at]
        let atoms = left.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard left.count <= Self.leftLimit, atoms.allSatisfy({ !$0.isEmpty && $0.allSatisfy(Self.isAtomText) }),
            let right = try? DomainName(parsing: octets[at...].dropFirst())
        else { return nil }
        self.left = String(decoding: left, as: UTF8.self)
        self.right = right
        guard description == String(text) else { return nil }
    }

    public var description: String { "\(left)@\(right)" }

    /// The part of it that a file name can hold as `unique-id` (RFC 8460 §5.1): letters and digits. Domain and day stand in
    /// the name by themselves.
    var alphanumeric: String {
        let octets = Array(left.utf8)
        let salt = octets.split(separator: UInt8(ascii: "+")).last?.filter(ASCII.isAlphanumeric) ?? []
        let kept = salt.isEmpty ? octets.filter(ASCII.isAlphanumeric) : salt
        return kept.isEmpty ? "0" : String(decoding: kept, as: UTF8.self)
    }

    /// RFC 5322 §3.2.3 `atext`.
    private static func isAtomText(_ octet: UInt8) -> Bool {
        ASCII.isAlphanumeric(octet) || "!#$%&'*+-/=?^_`{|}~".utf8.contains(octet)
    }
}
