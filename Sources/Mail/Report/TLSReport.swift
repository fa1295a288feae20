/// A TLS-RPT report that we write (RFC 8460 §4): what one domain is told about one UTC day.
public struct TLSReport: Hashable, Sendable {
    /// `organization-name`
    public var organization: String
    /// `contact-info`
    public var contact: ReportContact
    /// Whose report it is: the domain whose `_smtp._tls` record is asked.
    public var domain: DomainName
    public var day: ReportDay
    /// `report-id`
    public var id: ReportID
    public var policies: [PolicyCount]

    /// Octets of the JSON, uncompressed: receivers commonly stop at about as much (RFC 8460 §5.2, RPTF-12).
    public static let sizeLimit = 10_000_000

    public init(
        organization: String, contact: ReportContact, domain: DomainName, day: ReportDay, id: ReportID,
        policies: [PolicyCount]
    ) {
        self.organization = organization
        self.contact = contact
        self.domain = domain
        self.day = day
        self.id = id
        self.policies = policies
    }

    /// The domain that submits: that of the contact (RFC 8460 §5.3, RPTF-14).
    public var submitter: DomainName { contact.domain }

    /// I-JSON (RFC 8460 §4.4, RFC 7493), at most ``sizeLimit`` octets: where there is more, the least frequent details are
    /// left out; the totals stay exact.
    public func json() -> [UInt8] { [] }

    /// `submitter!domain!begin!end!id.json.gz` (RFC 8460 §5.1, RPTF-11).
    public var fileName: String { "" }

    /// The Subject without its name, unfolded (RFC 8460 §5.3, RPTF-15).
    public var subject: String { "" }
}

/// Who stands behind our reports: a mailbox at a domain name, which is the submitter (RFC 8460 §4.4, RPTF-04, RPTF-14).
public struct ReportContact: Hashable, Sendable, CustomStringConvertible {
    public let mailbox: Mailbox
    public let domain: DomainName

    /// Nil for a mailbox at an address literal, and for one that RFC 5321 §4.1.2 has no form for.
    public init?(_ mailbox: Mailbox) { nil }

    /// `contact-info`, a bare addr-spec.
    public var description: String { mailbox.description }
}
