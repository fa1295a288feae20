extension PolicyDocument {
    /// What was found of MTA-STS (RFC 8461).
    public struct MTASTS: Hashable, Sendable, Codable {
        /// The policy domain (RFC 8461 §1.1).
        public var domain: String
        /// Of the TXT record: `found`, `absent`, `failed` or `not-queried`.
        public var lookup: String
        public var record: Record?
        /// The policy in force, mode `none` among them.
        public var policy: Policy?
        /// Why there is no record, or why the newest fetch failed; `null` where all is well. A policy may be in force all
        /// the same (RFC 8461 §3.3).
        public var error: String?

        public struct Record: Hashable, Sendable, Codable {
            public var id: String
        }

        public struct Policy: Hashable, Sendable, Codable {
            /// `enforce`, `testing` or `none`.
            public var mode: String
            /// As the policy spells them: `mx.example.org`, `*.example.org`.
            public var mx: [String]
            /// Seconds.
            public var maxAge: Int64
            public var id: String
            public var fetchedAt: Int64
            public var expiresAt: Int64
            /// `fetched` just now, or `cached`.
            public var source: String
        }
    }

    /// Who wants reports (RFC 8460 §3).
    public struct TLSRPT: Hashable, Sendable, Codable {
        /// Of the TXT record: `found`, `absent` or `failed`.
        public var lookup: String
        /// URIs, as the record has them.
        public var rua: [String]
        /// Why there is no record that counts; `null` where there is one.
        public var error: String?
    }
}

extension PolicyDocument.MTASTS {
    /// nil where MTA-STS does not apply.
    init?(_ facts: STSFacts) {
        guard let domain = facts.domain else { return nil }
        var words: String?
        switch facts.record {
        case .found(let id):
            lookup = "found"
            record = Record(id: id)
        case .absent(let why):
            lookup = "absent"
            words = why
        case .failed(let why):
            lookup = "failed"
            words = "the TXT lookup failed: \(why)"
        case .notQueried:
            lookup = "not-queried"
            words = "the TXT lookup did not end in time"
        }
        self.domain = domain.text
        policy = facts.held.map { Policy($0, isCached: facts.isCached) }
        // The fetch fails for a record that is there: of both, its words tell more.
        error = facts.fault?.words ?? words
    }
}

extension PolicyDocument.MTASTS.Policy {
    init(_ held: STSCacheEntry.Held, isCached: Bool) {
        self.init(
            mode: held.policy.mode.rawValue, mx: held.policy.patterns.map(\.description), maxAge: held.policy.maxAge,
            id: held.id, fetchedAt: held.fetchedAt.seconds, expiresAt: held.expiresAt.seconds,
            source: isCached ? "cached" : "fetched")
    }
}

extension PolicyDocument.TLSRPT {
    init(_ reading: RecordReading<TLSRPTRecord>) {
        switch reading {
        case .found(let record): self.init(lookup: "found", rua: record.rua.map(\.uri), error: nil)
        case .none(let why): self.init(lookup: "absent", rua: [], error: why)
        case .failed(let words): self.init(lookup: "failed", rua: [], error: "the TXT lookup failed: \(words)")
        }
    }
}
