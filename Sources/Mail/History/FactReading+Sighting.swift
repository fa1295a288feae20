extension FactReading {
    /// What one connection to a host showed.
    /// - Parameter isEased: the operator's rules switch DANE or MTA-STS off for the host.
    public static func readings(of sighting: HostSighting, isEased: Bool = false) -> [FactReading] {
        guard let host = sighting.host.name, let evidence = sighting.evidence else { return [] }
        let name = self.name(of: host, port: sighting.port)
        var readings: [FactReading] = []
        // Where TLS is not even tried, its absence is no news.
        if sighting.requirement.level != .none, let offer = spelling(of: evidence) {
            readings.append(FactReading(name, .startTLS, offer))
        }
        // What a message asks for itself says nothing of the host.
        if let verified = sighting.verified, sighting.demand == .ordinary, let domain = sighting.domain {
            readings.append(
                FactReading(
                    self.name(of: host, port: sighting.port, for: domain), .verified, verified.rawValue,
                    isExplained: isEased || sighting.isEasedByOperator))
        }
        if case .established(let session) = evidence, let issuer = session.certificate?.issuer, !issuer.isEmpty {
            readings.append(
                FactReading(
                    name, .issuer, issuer, isExplained: !issuerMatters(session, verified: sighting.verified)))
        }
        return readings
    }

    static let offered = "offered"
    static let missing = "missing"

    /// Nil where it says nothing: a refusal of STARTTLS may be of that moment.
    private static func spelling(of evidence: PeerEvidence) -> String? {
        switch evidence {
        case .startTLSNotOffered: missing
        case .startTLSRefused: nil
        case .cleartextAfterStartTLS, .handshakeFailed, .established: offered
        }
    }

    /// Somebody who signs is trusted: public trust anchors, or DANE-TA. Under DANE-EE the key alone is
    /// (RFC 7672 §3.1.1), and nobody need care who signed it.
    private static func issuerMatters(_ session: TLSSessionFacts, verified: VerifiedLevel?) -> Bool {
        if verified == .webPKI { return true }
        guard verified == .dane, case .dane(let matched, _) = session.verification else { return false }
        return matched.usage == 2
    }
}

extension HostSighting {
    /// An exception lowers the demand, or a rule that asks for less than authentication made it.
    fileprivate var isEasedByOperator: Bool {
        shadows.contains { $0.kind == .withoutException }
            || requirement.by == .local && requirement.level < .authenticated
    }
}
