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

    /// `submitter!domain!begin!end!id.json.gz` (RFC 8460 §5.1, RPTF-11), of what ``json()`` gives when it is compressed.
    public var fileName: String {
        "\(submitter)!\(domain)!\(day.start.seconds)!\(day.end.seconds)!\(id.alphanumeric).json.gz"
    }

    /// The Subject without its name, unfolded (RFC 8460 §5.3, RPTF-15).
    public var subject: String { "Report Domain: \(domain) Submitter: \(submitter) Report-ID: <\(id)>" }
}
