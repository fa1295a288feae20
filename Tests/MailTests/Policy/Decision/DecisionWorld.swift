@testable import Mail

/// All that a decision about one host stands on, in words a table can hold: what DNS said, what MTA-STS says, what the
/// sender asked and what the operator rules.
struct DecisionWorld: Hashable, Sendable, CustomStringConvertible {
    /// What the TLSA lookup gave.
    enum Records: String, Hashable, Sendable, CaseIterable { case absent, insecure, failed, unusable, usable }
    /// What is known of MTA-STS.
    enum Policy: String, Hashable, Sendable, CaseIterable {
        case absent, unknown, lost, modeNone
        case testingListed, testingUnlisted, enforceListed, enforceUnlisted
    }
    enum Way: String, Hashable, Sendable, CaseIterable { case records, implicit, configured }

    var way = Way.records
    /// Is the MX answer DNSSEC-secure? Without meaning for a configured next hop.
    var isMXSecure = true
    var tlsa = Records.absent
    var sts = Policy.absent
    /// A fetch of the policy failed while one is held.
    var hasFetchFault = false
    var demand = MessageDemand.ordinary
    var rule: HostRule?
    var settings = PolicySettings()

    static let destination = domainName("d.example")
    static let host = domainName("mx.d.example")
    static let base = domainName("base.d.example")
    static let record = TLSARecord(usage: 3, selector: 1, matchingType: 1, data: [UInt8](repeating: 1, count: 32))
    static let stale = TLSARecord(usage: 3, selector: 1, matchingType: 1, data: [UInt8](repeating: 2, count: 32))
    static let pkixOnly = TLSARecord(usage: 1, selector: 1, matchingType: 1, data: [UInt8](repeating: 1, count: 32))
    static let operatorsName = domainName("agreed.example")
    static let certificate = CertificateFacts(
        subject: "", names: [], notAfter: nil, certificateDigest: [UInt8](repeating: 7, count: 32),
        publicKeyDigest: [UInt8](repeating: 8, count: 32))
    static let pinned = Fingerprint.publicKey([UInt8](repeating: 8, count: 32))

    var description: String {
        "\(way.rawValue) \(isMXSecure ? "secure" : "insecure") tlsa=\(tlsa.rawValue) sts=\(sts.rawValue) \(demand) \(rule?.labels.first ?? "no rule")"
    }

    /// The name the decision is about: the MX host, or the domain itself.
    var name: DomainName { way == .implicit ? Self.destination : Self.host }

    var hostFacts: HostFacts {
        let facts: TLSAFacts =
            switch tlsa {
            case .absent: TLSAFacts(baseDomain: Self.base, lookup: .absent, security: .secure)
            case .insecure:
                TLSAFacts(baseDomain: Self.base, lookup: .found, security: .insecure, records: [Self.record])
            case .failed: TLSAFacts(baseDomain: Self.base, lookup: .failed("SERVFAIL"), security: .failed)
            case .unusable:
                TLSAFacts(baseDomain: Self.base, lookup: .found, security: .secure, records: [Self.pkixOnly])
            case .usable: TLSAFacts(baseDomain: Self.base, lookup: .found, security: .secure, records: [Self.record])
            }
        return HostFacts(
            host: .name(name), preference: 10,
            addresses: AddressFacts(
                lookup: .found, addresses: [.v4(0xC000_0201)], security: .secure, expandedName: Self.base),
            tlsa: facts)
    }

    var facts: DestinationFacts {
        let mx: MXFacts =
            switch way {
            case .records:
                MXFacts(
                    lookup: .records([MXRecord(preference: 10, exchange: .host(.name(name)))]),
                    security: isMXSecure ? .secure : .insecure)
            case .implicit: MXFacts(lookup: .implicit, security: isMXSecure ? .secure : .insecure)
            case .configured: MXFacts(lookup: .notQueried, security: nil)
            }
        let target: NextHop.Target = way == .configured ? .host(name) : .domain(Self.destination)
        return DestinationFacts(
            nextHop: NextHop(target, isConfigured: way == .configured), mx: mx, hosts: [hostFacts], timeToLive: 60)
    }

    var stsFacts: STSFacts {
        let fault = hasFetchFault ? STSFetchFault(.stsPolicyFetchError, "connection refused") : nil
        func held(_ mode: STSPolicy.Mode, _ listed: DomainName?) -> STSFacts {
            let patterns = listed.map { [MXPattern(name: $0, isWildcard: false)] } ?? []
            let policy = STSPolicy(mode: mode, maxAge: 604_800, patterns: patterns)
            let now = WallTime(seconds: 1_800_000_000)
            return STSFacts(
                domain: Self.destination, record: .found(id: "1"),
                held: STSCacheEntry.Held(
                    policy: policy, text: [], id: "1", fetchedAt: now, expiresAt: now.advanced(by: 604_800)),
                isCached: true, fault: fault)
        }
        let other = domainName("other.example")
        return switch sts {
        case .absent: STSFacts(domain: Self.destination, record: .absent("no such name"))
        case .unknown: STSFacts(domain: Self.destination, record: .failed("SERVFAIL"), isUnknown: true)
        case .lost: STSFacts(domain: Self.destination, record: .found(id: "1"), isUnknown: true, isLost: true)
        case .modeNone: held(.none, nil)
        case .testingListed: held(.testing, name)
        case .testingUnlisted: held(.testing, other)
        case .enforceListed: held(.enforce, name)
        case .enforceUnlisted: held(.enforce, other)
        }
    }

    var inputs: PolicyInputs {
        var settings = settings
        if let rule {
            settings.rules = RuleTable([Rule(destination: .exactly(Self.destination), host: nil, settings: rule)])
            if way == .configured {
                settings.rules = RuleTable([Rule(destination: nil, host: .exactly(Self.host), settings: rule)])
            }
        }
        return PolicyInputs(facts: facts, sts: stsFacts, demand: demand, settings: settings)
    }

    var policy: HostPolicy { HostPolicy(for: hostFacts, in: inputs) }

    /// A rule, named in failures.
    static func rule(_ label: String, _ change: (inout HostRule) -> Void) -> HostRule {
        var rule = HostRule(labels: [label])
        change(&rule)
        return rule
    }

    static func demand(_ level: TLSRequirement.Level, by proofs: [HostRule.Proof] = []) -> HostRule.Demand {
        HostRule.Demand(
            level: level, proofs: proofs, names: proofs.contains(.pkix) ? [operatorsName] : [],
            fingerprints: proofs.contains(.fingerprint) ? [pinned] : [], label: "rule \"d.example\"")
    }

    /// An established session.
    static func session(
        _ verification: TLSSessionFacts.Verification, webPKI: WebPKIEvidence? = nil, pkix: WebPKIEvidence? = nil,
        certificate: CertificateFacts? = nil
    ) -> PeerEvidence {
        .established(
            TLSSessionFacts(
                version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", resumed: false, verification: verification,
                webPKI: webPKI, pkix: pkix, certificate: certificate))
    }
}
