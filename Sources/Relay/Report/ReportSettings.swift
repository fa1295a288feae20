import HTTPS
import Mail
import Net
import TLS

/// `[tlsrpt]`, where reporting is on.
struct ReportSettings: Sendable {
    let organization: String
    let contact: ReportContact
    /// From and envelope sender of report mail.
    let from: Mailbox
    /// Seconds after midnight within which reports go out.
    let spread: Int64
    let trust: HTTPSRequest.Trust
    let privateAllowed: Bool
    let loopbackAllowed: Bool
    /// Addresses of this machine's interfaces now, and those the configuration names.
    let ownAddresses: @Sendable () -> Set<IPAddress>
    /// Nothing is missing at that time, a key that has begun among it.
    let isComplete: @Sendable (WallTime) -> Bool
    let overrides: [DomainName: [Configuration.ReportRoute]]

    /// Nil where reporting is off: `tlsrpt.organization` or `tlsrpt.contact` is missing, or a key to sign with.
    init?(_ configuration: Configuration) {
        let written = configuration.tlsrpt
        // A key that is still to begin is one: reports begin with it.
        guard written.missing(configuration.dkim, at: WallTime(seconds: .max)).isEmpty,
            let organization = written.organization,
            let contact = written.contact.flatMap(ReportContact.init)
        else { return nil }
        isComplete = { written.missing(configuration.dkim, at: $0).isEmpty }
        self.organization = organization
        self.contact = contact
        from = written.from ?? contact.mailbox
        spread = written.spread.components.seconds
        trust = written.certificates == .ignore ? .unverified : HTTPSRequest.Trust(configuration.tls.trust)
        privateAllowed = written.privateAddresses
        loopbackAllowed = configuration.delivery.loopback
        let configured = ServiceParts.ownAddresses(configuration)
        ownAddresses = { configured.union(LocalAddresses.current.compactMap { IPAddress(octets: $0) }) }
        overrides = Dictionary(
            written.overrides.compactMap { override in override.domain.map { ($0, override.destinations) } },
            uniquingKeysWith: { first, _ in first })
    }
}

/// Bounds of the reports' way out.
enum ReportTimes {
    /// Seconds after midnight before which no report is begun: what was settled on the day is written down by then.
    static let settling: Int64 = 60
    /// Seconds: RFC 8460 §5.5 has one try for 24 hours and give up then.
    static let lifetime: Int64 = 86_400
    /// Seconds to the second attempt; each further wait is twice as long, up to `longestWait`.
    static let firstWait: Int64 = 300
    static let longestWait: Int64 = 4 * 3600
    /// For one POST.
    static let postTimeout: Duration = .seconds(120)
    /// Between two looks at the clock: civil time may jump.
    static let look: Duration = .seconds(5)
    /// The same while all places are taken.
    static let shortLook: Duration = .milliseconds(200)
    /// Seconds for which a failed lookup of the record is tried again, from the first on.
    static let lookupLifetime: Int64 = 86_400
    /// Seconds between two of these lookups.
    static let lookupWait: Int64 = 1_200
    /// Reports at work at once.
    static let atOnce = 16

    /// Seconds to wait after so many attempts, with a quarter left to chance.
    static func wait(after attempts: Int, using generator: inout some RandomNumberGenerator) -> Int64 {
        let doubled = firstWait << Int64(min(max(1, attempts) - 1, 10))
        let wait = min(doubled, longestWait)
        return wait + Int64.random(in: 0...(wait / 4), using: &generator)
    }
}
