/// Who stands behind our reports: a mailbox at a domain name, which is the submitter (RFC 8460 §4.4, RPTF-04, RPTF-14).
public struct ReportContact: Hashable, Sendable, CustomStringConvertible {
    public let mailbox: Mailbox
    public let domain: DomainName

    /// Nil for a mailbox at an address literal, and for one that RFC 5321 §4.1.2 has no form for.
    public init?(_ mailbox: Mailbox) {
        guard case .name(let domain) = mailbox.domain, domain.isHostName,
            (try? Mailbox(parsing: mailbox.description.utf8)) == mailbox
        else { return nil }
        self.mailbox = mailbox
        self.domain = domain
    }

    /// `contact-info`, a bare addr-spec.
    public var description: String { mailbox.description }
}
