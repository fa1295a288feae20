/// What is remembered about the MTA-STS policy of one domain, in memory and on disk: it survives restarts (STS-26).
public struct STSCacheEntry: Hashable, Sendable {
    public let domain: DomainName
    /// The newest policy that was fetched; nil where only failures are remembered.
    public var held: Held?
    /// The newest failed fetch since the last good one.
    public var failure: Failure?
    /// Since when the TXT record is missing or unreadable although a policy is held; nil while it is there.
    public var recordMissingSince: WallTime?
    /// When mail last asked: the refresh ends for domains nobody mails any more.
    public var usedAt: WallTime

    /// A policy with what is needed to apply and to explain it.
    public struct Held: Hashable, Sendable {
        public let policy: STSPolicy
        /// As it was fetched, at most ``STSPolicy/textLimit`` octets.
        public let text: [UInt8]
        /// Of the TXT record that led to it (RFC 8461 §3.1).
        public let id: String
        public let fetchedAt: WallTime
        /// `fetchedAt` + `max_age`: from then on it is never applied (STS-37).
        public let expiresAt: WallTime

        public init(policy: STSPolicy, text: [UInt8], id: String, fetchedAt: WallTime, expiresAt: WallTime) {
            self.policy = policy
            self.text = text
            self.id = id
            self.fetchedAt = fetchedAt
            self.expiresAt = expiresAt
        }
    }

    /// A fetch that failed.
    public struct Failure: Hashable, Sendable {
        /// The id it was made for; a new id may be tried at once (STS-15).
        public let id: String
        public let at: WallTime
        /// Failed fetches in a row: the wait grows with them.
        public let count: Int
        public let fault: STSFetchFault

        public init(id: String, at: WallTime, count: Int, fault: STSFetchFault) {
            self.id = id
            self.at = at
            self.count = count
            self.fault = fault
        }
    }

    public init(
        domain: DomainName, held: Held? = nil, failure: Failure? = nil, recordMissingSince: WallTime? = nil,
        usedAt: WallTime
    ) {
        self.domain = domain
        self.held = held
        self.failure = failure
        self.recordMissingSince = recordMissingSince
        self.usedAt = usedAt
    }

    /// The policy that may be applied at `now`; nil where none is held or it has expired (STS-37).
    public func inForce(at now: WallTime) -> Held? {
        guard let held, now.seconds < held.expiresAt.seconds else { return nil }
        return held
    }
}

/// Why no policy came of a fetch, as TLS-RPT sorts it (RFC 8460 §4.3.2.2): `sts-policy-fetch-error`,
/// `sts-policy-invalid` or `sts-webpki-invalid`.
public struct STSFetchFault: Error, Hashable, Sendable {
    public let type: ResultType
    /// One sentence, safe for a log.
    public let words: String

    public init(_ type: ResultType, _ words: String) {
        self.type = type
        self.words = words
    }
}
