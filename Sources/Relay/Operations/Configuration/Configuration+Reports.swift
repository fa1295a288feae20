public import Mail

extension Configuration {
    /// Reports to receiving domains (RFC 8460). Off until ``organization`` and ``contact`` are set.
    public struct TLSRPT: Sendable, Equatable {
        /// `organization-name`
        public var organization: String?
        /// `contact-info`: where the receiver's postmaster may write.
        public var contact: Mailbox?
        /// The domain reports are sent for, and signed by; nil is the contact's.
        public var submitter: DomainName?
        /// From and envelope sender of report mail; nil is ``contact``.
        public var from: Mailbox?
        /// Reports go out at random within this time after midnight UTC (RFC 8460 §4.1).
        public var spread = Duration.seconds(4 * 3600)
        /// Of `https:` endpoints (RFC 8460 §3).
        public var certificates = CertificateUse.ignore
        /// May a `https:` endpoint have a private address?
        public var privateAddresses = false
        /// Counts and ended reports are kept for so long.
        public var keep = Duration.seconds(14 * 86_400)
        /// Path of the datagram socket of libtlsrpt; nil for none.
        public var socket: String?
        public var overrides: [WrittenOverride] = []
    }

    public enum CertificateUse: String, Sendable, CaseIterable { case ignore, verify }

    /// One `[[tlsrpt.override]]`: reports for a domain go elsewhere than its record says.
    public struct WrittenOverride: Sendable, Equatable {
        public var domain: DomainName?
        public var destinations: [ReportRoute] = []

        public init() {}
    }

    /// Where a report may go.
    public enum ReportRoute: Hashable, Sendable {
        case address(ReportAddress)
        /// `directory:/path`: a file each, for tests and for looking at.
        case directory(String)

        /// As it is written.
        public var uri: String {
            switch self {
            case .address(let address): address.uri
            case .directory(let path): Self.directoryScheme + path
            }
        }

        static let directoryScheme = "directory:"
    }

    /// Signatures (RFC 6376).
    public struct DKIM: Sendable, Equatable {
        /// What becomes of mail whose key is not published as it should be.
        public var unpublished = UnpublishedUse.otherKey
        /// What becomes of mail of a domain with a key that cannot be signed.
        public var unsignable = UnsignableUse.pass
        /// How often the published records are looked up anew.
        public var checkInterval = Duration.seconds(3600)
        public var keys: [WrittenKey] = []
    }

    public enum UnpublishedUse: String, Sendable, CaseIterable {
        case otherKey = "other-key"
        case wait
        case unsigned
    }

    public enum UnsignableUse: String, Sendable, CaseIterable { case pass, bounce }

    /// One `[[dkim.key]]`.
    public struct WrittenKey: Sendable, Equatable {
        public var domain: DomainName?
        public var selector: DomainName?
        public var file: String?
        /// Not used before; nil at once.
        public var notBefore: WallTime?
        public var use = Use.mail
        /// Signs mail of names below ``domain`` as well.
        public var subdomains = false

        public init() {}

        public enum Use: String, Sendable, CaseIterable { case mail, reports }
    }
}

extension Configuration.TLSRPT {
    /// Who sends the reports; nil where reporting is off.
    public var submitterDomain: DomainName? {
        guard organization != nil, let contact else { return nil }
        if let submitter { return submitter }
        if case .name(let domain) = contact.domain { return domain }
        return nil
    }

    /// What is missing before reports can be sent at `now`; empty where nothing is. Sentences for `relayd --check`.
    public func missing(_ dkim: Configuration.DKIM, at now: WallTime) -> [String] {
        var missing: [String] = []
        if organization == nil { missing.append("tlsrpt.organization is not set") }
        if contact == nil { missing.append("tlsrpt.contact is not set") }
        guard let submitterDomain else { return missing }
        // RFC 8460 §3: "the report MUST be signed"; an unsigned one must be ignored by who reads it. Until a key for reports
        // begins, those for mail sign them.
        let keys = dkim.keys.filter { $0.domain == submitterDomain }
        if keys.isEmpty {
            missing.append("there is no [[dkim.key]] of \(submitterDomain), by which reports must be signed")
        } else if let first = Configuration.DKIM.firstBeginning(of: keys, after: now) {
            missing.append("no key of \(submitterDomain) has begun, the first begins \(first.rfc3339)")
        }
        return missing
    }
}

extension Configuration.DKIM {
    /// Keys for reports of `domain`: those made for it, else those of its mail (D8).
    func reportKeys(of domain: DomainName) -> [Configuration.WrittenKey] {
        let own = keys.filter { $0.domain == domain }
        let reports = own.filter { $0.use == .reports }
        return reports.isEmpty ? own : reports
    }
}
