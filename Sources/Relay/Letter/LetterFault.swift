import Mail

/// Something at a domain's side that keeps mail back, or will: what a letter to its postmaster is about.
struct LetterFault: Hashable, Sendable {
    var kind: Kind
    /// The MX host; nil for a fault of the domain as a whole.
    var host: PolicyDocument.Host?
    /// Addresses of the host that showed it, in the order they were tried.
    var addresses: [String] = []
    /// As the first of them presented it, leaf first; empty where there was none.
    var chain: [PolicyDocument.Certificate] = []
    /// What was seen, in a sentence.
    var words: String

    enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Signatures of the domain's zone, or of the zone of a host, do not validate.
        case bogus = "dnssec-bogus"
        /// Whether there are TLSA records cannot be found out.
        case tlsaLookup = "tlsa-lookup-failed"
        case startTLSMissing = "starttls-missing"
        case handshake = "tls-handshake-failed"
        case daneMismatch = "dane-mismatch"
        case certificateExpired = "certificate-expired"
        case certificateName = "certificate-host-mismatch"
        case certificateUntrusted = "certificate-not-trusted"
        /// The host is not in the MTA-STS policy.
        case stsHost = "sts-mx-mismatch"
        /// The MTA-STS record is there, and the policy cannot be had.
        case stsFetch = "sts-fetch-failed"
    }
}

extension LetterFault {
    /// Faults in one letter; the rest is counted. Ours.
    static let limit = 8

    /// What is wrong with the domain by its own policies. What the operator alone demands is no fault of theirs.
    /// - Parameter document: of a probe: hosts have their attempts.
    static func all(in document: PolicyDocument) -> [LetterFault] {
        var faults: [LetterFault] = []
        if document.mx.security == Security.bogus.rawValue {
            faults.append(
                LetterFault(
                    kind: .bogus, words: document.mx.error ?? "the DNSSEC signatures of the MX record do not validate"))
        }
        for host in document.hosts {
            if let skipped = host.skipped { faults += fault(of: host, skipped).map { [$0] } ?? [] }
            faults += shown(by: host)
        }
        if let sts = document.mtaSTS, sts.lookup == "found", let error = sts.error {
            faults.append(LetterFault(kind: .stsFetch, words: error))
        }
        return faults
    }

    private static func fault(of host: PolicyDocument.Host, _ skipped: PolicyDocument.Skipped) -> LetterFault? {
        let kind: Kind
        switch Reason.Cause(rawValue: skipped.cause) {
        case .stsMXMismatch: kind = .stsHost
        case .dnsBogus: kind = .bogus
        case .tlsaLookupFailed: kind = host.tlsa.security == Security.bogus.rawValue ? .bogus : .tlsaLookup
        default: return nil
        }
        return LetterFault(kind: kind, host: host, addresses: host.addresses, words: skipped.detail)
    }

    /// What the addresses of a host showed that its own policy refuses; the same from several together.
    private static func shown(by host: PolicyDocument.Host) -> [LetterFault] {
        let theirs = [TLSRequirement.Basis.dane, .daneHost, .mtaSTS].map(\.rawValue)
        guard let by = host.requirement?.by, theirs.contains(by) else { return [] }
        var faults: [LetterFault] = []
        for attempt in host.attempts ?? [] where attempt.verdict == "refuse" {
            guard let kind = kind(of: attempt) else { continue }
            var chain = attempt.tls?.chain ?? []
            if chain.isEmpty, let leaf = attempt.tls?.certificate { chain = [leaf] }
            if let place = faults.firstIndex(where: { $0.kind == kind && $0.chain.first == chain.first }) {
                faults[place].addresses.append(attempt.address)
            } else {
                faults.append(
                    LetterFault(
                        kind: kind, host: host, addresses: [attempt.address], chain: chain,
                        words: attempt.reason ?? attempt.verdict))
            }
        }
        return faults
    }

    private static func kind(of attempt: PolicyDocument.Attempt) -> Kind? {
        switch attempt.cause.flatMap(Reason.Cause.init) {
        case .startTLSMissing: .startTLSMissing
        case .tlsHandshakeFailed: .handshake
        case .daneMismatch: .daneMismatch
        case .certificateInvalid:
            switch attempt.resultType.flatMap(ResultType.init) {
            case .certificateExpired: .certificateExpired
            case .certificateHostMismatch: .certificateName
            default: .certificateUntrusted
            }
        default: nil
        }
    }
}
