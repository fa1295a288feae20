/// What a new decision says of the trouble that keeps a destination's mail back, before anybody connects.
public enum RepairCheck: Hashable, Sendable {
    /// Mail would be deferred again.
    case stays(Reason)
    /// What failed was found without a connection, and is found no more.
    case mended
    /// Only a handshake can tell.
    case handshake

    /// - Parameter cause: what kept the mail back; nil where it is not known, or only a handshake is proof enough.
    public init(_ decision: PolicyDecision, after cause: Reason.Cause?) {
        if let obstacle = decision.inputs.facts.obstacle {
            self = .stays(obstacle)
            return
        }
        var skipped: [Reason] = []
        var isUsable = false
        for host in decision.hosts {
            switch host.decision {
            case .use: isUsable = true
            case .skip(let reason, _): skipped.append(reason)
            }
        }
        guard isUsable else {
            self = .stays(skipped.first { $0.cause.isTLSPolicy } ?? skipped.first ?? Self.noHost)
            return
        }
        // Where one host is still ruled out, it may be the other one that failed.
        let isPartial = skipped.contains { $0.cause.isTLSPolicy }
        self = cause?.isFoundBeforeConnecting == true && !isPartial ? .mended : .handshake
    }

    private static let noHost = Reason(.noHostAddress, "the destination has no host")
}

extension Reason.Cause {
    /// Decided from DNS and MTA-STS alone.
    public var isFoundBeforeConnecting: Bool {
        switch self {
        case .tlsaLookupFailed, .daneRequired, .policyUnknown, .stsRequired, .stsMXMismatch: true
        default: false
        }
    }
}

/// What came of a look at a destination whose mail is kept back.
public enum RepairFinding: Hashable, Sendable {
    /// Mail would go.
    case mended
    case stays(Reason)
    /// Nothing could be found out: no connection, or we stop.
    case unknown
}

/// Whose turn it is of the domains that have an exception. Bounded by the exceptions there can be.
public struct ExceptionTurns: Sendable {
    private var last: [DomainName: WallTime] = [:]
    private var running: Set<DomainName> = []

    public init() {}

    /// Those not looked at for ``RepairBook/exceptionInterval``, longest first, as many as may be. Each is under way until
    /// ``ended(_:)``.
    public mutating func due(_ domains: [DomainName], at now: WallTime) -> [DomainName] {
        let places = RepairBook.exceptionsAtOnce - running.count
        guard places > 0 else { return [] }
        let standing = Set(domains)
        last = last.filter { standing.contains($0.key) }
        let due = standing.filter { domain in
            guard !running.contains(domain) else { return false }
            guard let last = last[domain] else { return true }
            return last > now || last.advanced(by: RepairBook.exceptionInterval) <= now
        }
        let taken = due.sorted {
            (last[$0]?.seconds ?? .min, $0.text) < (last[$1]?.seconds ?? .min, $1.text)
        }.prefix(places)
        for domain in taken { last[domain] = now }
        running.formUnion(taken)
        return Array(taken)
    }

    /// A look is over.
    public mutating func ended(_ domain: DomainName) { running.remove(domain) }
}
