public import Mail
import Store

/// Which page of what left how is asked for (`GET /v1/compliance`).
public struct ComplianceQuery: Hashable, Sendable {
    /// UTC days, both counted.
    public var since: ReportDay
    public var until: ReportDay
    public var side: Side
    /// ``CompliancePage/next`` of the page before.
    public var after: String?
    /// Names in this page, 1 to ``limitCeiling``.
    public var limit: Int

    public enum Side: String, Hashable, Sendable, CaseIterable, Codable {
        case destination
        case sender
    }

    public static let limitCeiling = 1_000

    public init(
        since: ReportDay, until: ReportDay, side: Side = .destination, after: String? = nil,
        limit: Int = ComplianceQuery.limitCeiling
    ) {
        self.since = since
        self.until = until
        self.side = side
        self.after = after
        self.limit = limit
    }
}

/// Which page of the proofs of REQUIRETLS mail is asked for (`GET /v1/compliance/proofs`).
public struct ProofQuery: Hashable, Sendable {
    public var since: ReportDay
    public var until: ReportDay
    /// ``ProofPage/next`` of the page before.
    public var before: Int64?
    public var limit: Int

    public init(since: ReportDay, until: ReportDay, before: Int64? = nil, limit: Int = ComplianceQuery.limitCeiling) {
        self.since = since
        self.until = until
        self.before = before
        self.limit = limit
    }
}

/// One message counts once for each recipients' domain and level it was handed over by.
public struct ComplianceCount: Codable, Hashable, Sendable {
    public var messages: Int64
    public var recipients: Int64

    public init(messages: Int64 = 0, recipients: Int64 = 0) {
        self.messages = messages
        self.recipients = recipients
    }

    /// At the end of the range the end of the range.
    static func + (left: Self, right: Self) -> Self {
        func sum(_ one: Int64, _ other: Int64) -> Int64 {
            let (sum, overflow) = one.addingReportingOverflow(other)
            return overflow ? .max : sum
        }
        return Self(messages: sum(left.messages, right.messages), recipients: sum(left.recipients, right.recipients))
    }
}

/// What left to one destination, or from one sender, or in all.
public struct ComplianceRow: Codable, Hashable, Sendable {
    /// A domain; empty for the null reverse-path; `(others)` for names that were too many for one day.
    public var name: String
    public var total = ComplianceCount()
    public var dane = ComplianceCount()
    /// A trusted certificate: MTA-STS, REQUIRETLS or a rule demanded it.
    public var sts = ComplianceCount()
    /// DANE for a host known only through an insecure MX record.
    public var daneHost = ComplianceCount()
    public var fingerprint = ComplianceCount()
    public var encrypted = ComplianceCount()
    public var clear = ComplianceCount()

    public init(name: String, _ counts: [DeliveredLevel: ComplianceCount] = [:]) {
        self.name = name
        for (level, count) in counts {
            self[keyPath: Self.member(level)] = count
            total = total + count
        }
    }

    /// Strongest first: the order of all that is shown.
    public static let levels: [DeliveredLevel] = [.dane, .webPKI, .fingerprint, .daneHost, .encrypted, .clear]

    public subscript(level: DeliveredLevel) -> ComplianceCount { self[keyPath: Self.member(level)] }

    private static func member(_ level: DeliveredLevel) -> WritableKeyPath<Self, ComplianceCount> {
        switch level {
        case .clear: \.clear
        case .encrypted: \.encrypted
        case .webPKI: \.sts
        case .dane: \.dane
        case .daneHost: \.daneHost
        case .fingerprint: \.fingerprint
        }
    }

    mutating func add(_ other: Self) {
        total = total + other.total
        for level in Self.levels {
            let member = Self.member(level)
            self[keyPath: member] = self[keyPath: member] + other[keyPath: member]
        }
    }
}

/// Answer to `GET /v1/compliance`: by name.
public struct CompliancePage: Codable, Hashable, Sendable {
    /// UTC days, both counted: `2026-11-21`.
    public var since: String
    public var until: String
    public var by: ComplianceQuery.Side
    public var rows: [ComplianceRow]
    /// `after` of the page behind this one; nil for the last.
    public var next: String?

    public init(
        since: String, until: String, by: ComplianceQuery.Side, rows: [ComplianceRow], next: String? = nil
    ) {
        self.since = since
        self.until = until
        self.by = by
        self.rows = rows
        self.next = next
    }
}

/// Answer to `GET /v1/compliance/proofs`: newest first.
public struct ProofPage: Codable, Hashable, Sendable {
    public var since: String
    public var until: String
    public var proofs: [ProofView]
    /// `before` of the page behind this one; nil for the last.
    public var next: Int64?

    public init(since: String, until: String, proofs: [ProofView], next: Int64? = nil) {
        self.since = since
        self.until = until
        self.proofs = proofs
        self.next = next
    }
}

/// A message with REQUIRETLS, or part of one, that was handed over, and what showed that it was safe to.
public struct ProofView: Codable, Hashable, Sendable {
    public var time: Int64
    public var id: String
    public var sender: String
    public var destination: String
    public var recipients: Int
    public var host: String
    public var address: String
    public var tls: String
    public var verified: String

    public init(
        time: Int64, id: String, sender: String, destination: String, recipients: Int, host: String, address: String,
        tls: String, verified: String
    ) {
        self.time = time
        self.id = id
        self.sender = sender
        self.destination = destination
        self.recipients = recipients
        self.host = host
        self.address = address
        self.tls = tls
        self.verified = verified
    }
}
