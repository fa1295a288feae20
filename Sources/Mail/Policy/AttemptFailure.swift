/// What an attempt that delivered nothing adds up to.
public struct AttemptFailure: Hashable, Sendable {
    public let reason: Reason
    /// Bounce now; else defer.
    public let isPermanent: Bool

    public init(reason: Reason, isPermanent: Bool) {
        self.reason = reason
        self.isPermanent = isPermanent
    }
}

/// The failures of one attempt, in the order they came.
struct AttemptFailures: Sendable {
    private var noted: [(failure: AttemptFailure, host: MXHost?)] = []
    /// A host was left untried because of our own limit: nothing is certain then.
    var isCutShort = false

    mutating func note(_ reason: Reason, isPermanent: Bool?, of host: MXHost? = nil) {
        noted.append((AttemptFailure(reason: reason, isPermanent: isPermanent ?? reason.cause.isPermanent), host))
    }

    /// What counts. A host is one, whatever its addresses are: where one of them answered, the others that did not are not
    /// what the attempt failed of (D10: "every host was reached").
    private var failures: [AttemptFailure] {
        let reached = Set(noted.filter { !$0.failure.reason.cause.isUnreached }.compactMap(\.host))
        return noted.filter { noted in
            guard noted.failure.reason.cause.isUnreached, let host = noted.host else { return true }
            return !reached.contains(host)
        }.map(\.failure)
    }

    /// One failure speaks for the attempt. Permanent only where all are (RFC 5321 §5.1, MX-07, MX-16). Among the
    /// temporary ones a TLS policy comes first, for it is what an operator must hear of (DANE-18); then what tells most.
    /// Of several alike the first: it came from the best preference.
    var summary: AttemptFailure {
        let failures = failures
        let temporary = failures.filter { !$0.isPermanent }
        let candidates = temporary.isEmpty ? failures : temporary
        // `min` keeps the first of equals.
        guard let spokesman = candidates.min(by: { $0.reason.cause.rank < $1.reason.cause.rank }) else {
            return AttemptFailure(reason: Reason(.localFailure, "no host was tried"), isPermanent: false)
        }
        return AttemptFailure(reason: spokesman.reason, isPermanent: temporary.isEmpty && !isCutShort)
    }
}

extension Reason.Cause {
    /// The host did not answer, at one of its addresses.
    fileprivate var isUnreached: Bool {
        switch self {
        case .connectFailed, .connectionLost, .timedOut: true
        default: false
        }
    }

    /// Which of several failures tells most; the lowest speaks for the attempt.
    fileprivate var rank: Int {
        switch self {
        case .daneMismatch, .stsMXMismatch, .certificateInvalid, .fingerprintMismatch: 0
        case .startTLSMissing, .daneRequired, .stsRequired, .policyUnknown: 1
        case .tlsHandshakeFailed: 2
        case .tlsaLookupFailed: 3
        case .contentDamaged, .localFailure, .shutdown, .authFailed, .dkimUnpublished, .dkimUnsignable: 4
        case .operatorBounced, .suspended: 4
        case .eightBitUnsupported, .utf8Unsupported, .sizeExceeded: 5
        case .requireTLSUnsupported, .requireTLSUnvalidated, .hostDemandsTLS: 5
        case .remoteReply: 6
        case .protocolError: 7
        case .timedOut: 8
        case .connectionLost: 9
        case .connectFailed: 10
        case .dnsBogus: 11
        case .dnsTemporary: 12
        case .loop: 13
        case .nullMX, .noSuchDomain: 14
        case .noHostAddress: 15
        case .expired: 16
        }
    }
}

extension DestinationFacts {
    /// Why there is no host at all to be tried; nil where there are hosts, good or bad.
    public var obstacle: Reason? {
        switch mx.lookup {
        case .null:
            return Reason(.nullMX, "\(nextHop) takes no mail: its MX record is \".\"")
        case .noSuchDomain:
            return Reason(.noSuchDomain, "there is no domain \(nextHop)")
        case .failed(let words):
            let cause: Reason.Cause = mx.security == .bogus ? .dnsBogus : .dnsTemporary
            return Reason(cause, "the MX lookup for \(nextHop) failed: \(words)")
        case .records, .implicit, .notQueried:
            return hosts.isEmpty ? Reason(.localFailure, "no host is known for \(nextHop)") : nil
        }
    }
}
