import Testing

@testable import Mail

/// A report as the tests of its form use it.
enum SampleReport {
    static let contact = mailbox("tls-reports@waxwing.example")
    static let domain = domainName("example.org")
    static let day = ReportDay(text: "2026-11-20") ?? ReportDay(number: 0)

    static func make(
        domain: DomainName = domain, day: ReportDay = day, organization: String = "Example", salt: UInt64 = 0xAB,
        policies: [PolicyCount]? = nil
    ) throws -> TLSReport {
        let contact = try #require(ReportContact(contact))
        return TLSReport(
            organization: organization, contact: contact, domain: domain, day: day,
            id: ReportID(domain: domain, day: day, submitter: contact.domain, salt: salt),
            policies: policies ?? [PolicyCount(ReportedPolicy(.noPolicyFound, domain: domain), successes: 1)])
    }

    static func mailbox(_ text: String) -> Mailbox {
        (try? Mailbox(parsing: text.utf8)) ?? Mailbox(localPart: "bad", domain: .name(domain))
    }

    /// A domain of 253 characters, the longest there is.
    static let longest = domainName(
        [63, 63, 63, 61].map { String(repeating: "a", count: $0) }.joined(separator: "."))
}

extension TLSReport {
    var text: String { String(decoding: json(), as: UTF8.self) }
}
