/// Finds addresses, TLSA base domain and TLSA records of one host (RFC 7672 §2.2.2, §2.2.3). A function of the answers
/// so far: either it needs more, or the facts are complete.
struct HostSearch: Sendable {
    let host: DomainName
    let preference: UInt16
    let port: UInt16
    let loopbackAllowed: Bool
    /// False for a host behind an insecure MX where the operator wants no DANE for such.
    let daneApplies: Bool

    enum Progress: Hashable, Sendable {
        /// Open questions, already asked ones among them.
        case asks([Question])
        case found(HostFacts)
    }

    func progress(_ answers: [Question: Answer]) -> Progress {
        // RFC 7672 §2.2.2: addresses before TLSA, for some name servers of unsigned zones never answer TLSA (DANE-01).
        let families = AddressFamily.allCases.map { Question(host, $0.recordType) }
        let open = families.filter { answers[$0] == nil }
        guard open.isEmpty else { return .asks(open) }
        let addresses = AddressFacts(reading: families.compactMap { answers[$0] }, loopbackAllowed: loopbackAllowed)
        switch tlsa(addresses, answers) {
        case .asks(let question):
            return .asks([question])
        case .found(let tlsa):
            return .found(HostFacts(host: .name(host), preference: preference, addresses: addresses, tlsa: tlsa))
        }
    }

    private enum TLSAProgress {
        case asks(Question)
        case found(TLSAFacts)
    }

    private func tlsa(_ addresses: AddressFacts, _ answers: [Question: Answer]) -> TLSAProgress {
        guard addresses.lookup == .found else { return .found(.notQueried("no address is known")) }
        guard daneApplies else {
            return .found(.notQueried("the MX records are not secure, and dane.insecure_mx is off"))
        }
        switch (addresses.security, addresses.expandedName) {
        case (.secure, nil):
            return search([host], answers)  // RFC 7672 §2.2.2 "Non-CNAME" (DANE-03)
        case (.secure, let expanded?):
            // RFC 7672 §2.2.2 "Secure CNAME": the end of the chain, then the name itself, nothing between (DANE-04, DANE-07).
            return search([expanded, host], answers)
        case (_, nil):
            // RFC 7672 §2.2.2: the zone is unsigned, so no TLSA record could be secure (DANE-02).
            return .found(.notQueried("the host's addresses are not DNSSEC-secure"))
        case (_, _?):
            return insecureAlias(answers)
        }
    }

    /// RFC 7672 §2.2.2 "Insecure CNAME": the chain as a whole is insecure, and only the alias itself, asked for
    /// separately, tells whether its first link is (SEC-10, RFC 7672 §2.1.3).
    private func insecureAlias(_ answers: [Question: Answer]) -> TLSAProgress {
        let question = Question(host, .cname)
        guard let answer = answers[question] else { return .asks(question) }
        if let failure = answer.failure {
            // RFC 7672 §2.2.2: errors for any query in the process delay or abandon delivery.
            return .found(
                TLSAFacts(baseDomain: nil, lookup: .failed("CNAME: \(failure)"), security: answer.failureKind))
        }
        guard answer.security == .secure else {
            return .found(.notQueried("the host is an alias in a zone that is not DNSSEC-secure"))  // DANE-06
        }
        guard !answer.records.isEmpty else {
            // A signed "no alias here" contradicts the address answer: the zone has changed under us. Ask again later.
            return .found(TLSAFacts(baseDomain: nil, lookup: .failed("CNAME: the alias has gone"), security: .failed))
        }
        return search([host], answers)  // DANE-05
    }

    /// RFC 7672 §2.2.3: the first candidate with a secure RRset is the TLSA base domain (DANE-10). A failure ends the
    /// search: a later candidate does not make up for it (DANE-12).
    private func search(_ candidates: [DomainName], _ answers: [Question: Answer]) -> TLSAProgress {
        var absent: TLSAFacts?
        for candidate in candidates {
            // A name too long to be asked for cannot exist.
            guard let name = candidate.tlsaQueryName(port: port) else {
                absent = absent ?? TLSAFacts(baseDomain: candidate, lookup: .absent, security: nil)
                continue
            }
            let question = Question(name, .tlsa)
            guard let answer = answers[question] else { return .asks(question) }
            let facts = TLSAFacts(baseDomain: candidate, reading: answer)
            switch facts.lookup {
            case .failed:
                return .found(facts)
            case .found where facts.security == .secure:
                return .found(facts)
            case .found:
                // Insecure records bind nobody (RFC 7672 §2.2.3), but are worth showing.
                absent = facts
            case .absent, .notQueried:
                if absent?.lookup != .found { absent = facts }
            }
        }
        return .found(absent ?? .notQueried("no name to ask for"))
    }
}

extension TLSAFacts {
    static func notQueried(_ why: String) -> TLSAFacts {
        TLSAFacts(baseDomain: nil, lookup: .notQueried(why), security: nil)
    }

    /// What one TLSA answer says of `baseDomain`. An alias at the owner name changes only where the records lie, not the
    /// base domain (RFC 7672 §2.2.3, DANE-09); the answer's security covers each link.
    init(baseDomain: DomainName, reading answer: Answer) {
        if let failure = answer.failure {
            self.init(baseDomain: baseDomain, lookup: .failed(failure), security: answer.failureKind)
            return
        }
        guard case .records(let rdata) = answer.result, !rdata.isEmpty else {
            self.init(baseDomain: baseDomain, lookup: .absent, security: answer.security)
            return
        }
        let readable = rdata.compactMap(TLSARecord.init(rdata:))
        self.init(
            baseDomain: baseDomain, lookup: .found, security: answer.security, records: Self.bounded(readable),
            malformed: rdata.count - readable.count)
    }

    /// At most ``RecordLimits/tlsa``. Usable records are kept first, digests before whole certificates, which may yet turn out
    /// to be unreadable: so that a long set of others cannot push them out and turn "authenticate" into "any certificate".
    private static func bounded(_ records: [TLSARecord]) -> [TLSARecord] {
        guard records.count > RecordLimits.tlsa else { return records }
        let usable = records.filter(\.isUsable)
        let ranked =
            usable.filter { $0.matchingType != 0 } + usable.filter { $0.matchingType == 0 }
            + records.filter { !$0.isUsable }
        return Array(ranked.prefix(RecordLimits.tlsa))
    }
}
