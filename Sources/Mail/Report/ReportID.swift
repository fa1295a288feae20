/// The identity of a report, `left@right`: one value in the JSON and in the Subject, the same however often it is sent
/// (RFC 8460 §4.4, §5.3; RPTF-05, D7).
public struct ReportID: Hashable, Sendable, CustomStringConvertible {
    /// A dot-atom (RFC 5322 §3.2.3), as `id-left` wants it.
    public let left: String
    /// `id-right`
    public let right: DomainName

    /// - Parameters:
    ///   - domain: whose report it is.
    ///   - submitter: the domain of the contact.
    ///   - salt: random, chosen once when the report is planned: two relays of one submitter must not meet.
    public init(domain: DomainName, day: ReportDay, submitter: DomainName, salt: UInt64) {
        left = "\(day)+\(domain)+\(salt)"
        right = submitter
    }

    /// Reads what ``description`` wrote; nil for anything that cannot stand in a Subject.
    public init?(_ text: some StringProtocol) { nil }

    public var description: String { "\(left)@\(right)" }
}
