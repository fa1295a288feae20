extension PolicyDocument {
    /// What one address showed when `relayctl probe` connected to it.
    public struct Attempt: Hashable, Sendable, Codable {
        public var address: String
        /// `null` where no TLS came to be.
        public var tls: TLS?
        /// `proceed`, `fall-back`, `refuse`, or `unreachable` where there was nothing to judge.
        public var verdict: String
        /// Why mail would not go on, in the log's word: `dane-mismatch`; `null` where it would.
        public var cause: String?
        /// The first failure that TLS-RPT would count (RFC 8460 §4.3); `null` for a success, or where it counts nothing.
        public var resultType: String?
        /// One sentence; `null` where all is well.
        public var reason: String?
        /// How the host proved itself: `none`, `encrypted`, `dane`, `dane-host`, `webpki`, `fingerprint`; `null` where mail
        /// would not have gone on.
        public var verified: String?
        /// All that TLS-RPT would count.
        public var results: [Result]
        /// The host's EHLO keywords inside TLS (or in the clear where mail would go so).
        public var extensions: [String]
        /// From connecting to the verdict.
        public var milliseconds: Int64

        public init(
            address: String, tls: TLS? = nil, verdict: String, cause: String? = nil, resultType: String? = nil,
            reason: String? = nil, verified: String? = nil, results: [Result] = [], extensions: [String] = [],
            milliseconds: Int64 = 0
        ) {
            self.address = address
            self.tls = tls
            self.verdict = verdict
            self.cause = cause
            self.resultType = resultType
            self.reason = reason
            self.verified = verified
            self.results = results
            self.extensions = extensions
            self.milliseconds = milliseconds
        }
    }

    public struct Result: Hashable, Sendable, Codable {
        /// `tlsa`, `sts` or `no-policy-found`.
        public var policy: String
        /// `null`: a success.
        public var resultType: String?
        public var reasonCode: String?
    }

    /// A TLS session, and the certificate of a handshake that failed for it.
    public struct TLS: Hashable, Sendable, Codable {
        /// `TLSv1.3`; `null` where the handshake failed.
        public var version: String?
        public var cipher: String?
        /// The key exchange: `X25519`.
        public var group: String?
        public var resumed: Bool
        /// The leaf.
        public var certificate: Certificate?
        /// As the host presented it, leaf first.
        public var chain: [Certificate]
        /// The TLSA record that matched.
        public var matched: MatchedRecord?
        /// Usable TLSA records that matched nothing the host presented: a key to come, or one that is gone.
        public var unmatched: [UnmatchedRecord]
        /// What the check against public trust anchors said: `trusted`, or its fault; `null` where none was asked for.
        public var webPKI: String?

        public init(
            version: String? = nil, cipher: String? = nil, group: String? = nil, resumed: Bool = false,
            certificate: Certificate? = nil, chain: [Certificate] = [], matched: MatchedRecord? = nil,
            unmatched: [UnmatchedRecord] = [], webPKI: String? = nil
        ) {
            self.version = version
            self.cipher = cipher
            self.group = group
            self.resumed = resumed
            self.certificate = certificate
            self.chain = chain
            self.matched = matched
            self.unmatched = unmatched
            self.webPKI = webPKI
        }
    }

    public struct Certificate: Hashable, Sendable, Codable {
        public var subject: String
        public var names: [String]
        public var notBefore: Int64?
        public var notAfter: Int64?
        public var issuer: String?
        /// SHA-256 of the certificate, lower-case hexadecimal.
        public var certificateDigest: String?
        /// SHA-256 of its SubjectPublicKeyInfo: the data of a `3 1 1` record.
        public var publicKeyDigest: String?
    }

    /// A TLSA record that matched, and where in the chain: depth 0 is the leaf.
    public struct MatchedRecord: Hashable, Sendable, Codable {
        public var usage: UInt8
        public var selector: UInt8
        public var matchingType: UInt8
        /// Lower-case hexadecimal.
        public var data: String
        public var depth: Int
    }
}

extension PolicyDocument {
    /// A usable TLSA record that matched nothing.
    public struct UnmatchedRecord: Hashable, Sendable, Codable {
        public var usage: UInt8
        public var selector: UInt8
        public var matchingType: UInt8
        /// Lower-case hexadecimal.
        public var data: String

        public init(_ record: TLSARecord) {
            usage = record.usage
            selector = record.selector
            matchingType = record.matchingType
            data = record.hexadecimalData
        }
    }
}

extension PolicyDocument.MatchedRecord {
    public init(_ record: TLSARecord, depth: Int) {
        self.init(
            usage: record.usage, selector: record.selector, matchingType: record.matchingType,
            data: record.hexadecimalData, depth: depth)
    }
}

extension PolicyDocument.Result {
    public init(_ result: PolicyResult) {
        self.init(
            policy: result.policy.rawValue, resultType: result.failure?.rawValue, reasonCode: result.reasonCode)
    }
}

extension PolicyDocument.Certificate {
    public init(_ facts: CertificateFacts) {
        self.init(
            subject: facts.subject, names: facts.names, notBefore: facts.notBefore?.seconds,
            notAfter: facts.notAfter?.seconds, issuer: facts.issuer,
            certificateDigest: facts.certificateDigest.map(Self.hexadecimal),
            publicKeyDigest: facts.publicKeyDigest.map(Self.hexadecimal))
    }

    private static func hexadecimal(_ octets: [UInt8]) -> String {
        TLSARecord(usage: 0, selector: 0, matchingType: 0, data: octets).hexadecimalData
    }
}
