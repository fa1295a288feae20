import Mail

// How many octets of memory what strangers say takes, about: what is held of it is bounded by that.

extension PolicyInputs {
    /// The settings are one value for all.
    var weight: Int {
        guard let held = sts.held else { return facts.weight }
        return facts.weight + 512 + held.text.count + held.policy.patterns.count * 128
    }
}

extension PolicyDecision {
    /// With the explanation of each host.
    var weight: Int { inputs.weight + hosts.count * 2_048 }
}

extension PeerEvidence {
    var weight: Int {
        switch self {
        case .startTLSNotOffered, .cleartextAfterStartTLS: 256
        case .startTLSRefused(let reply): reply.lines.reduce(256) { $0 + 32 + $1.utf8.count }
        case .handshakeFailed(let failure): 512 + failure.text.utf8.count
        case .established(let facts): 1_024 + (facts.certificate?.weight ?? 0) + facts.verification.weight
        }
    }
}

extension CertificateFacts {
    fileprivate var weight: Int {
        names.reduce(512 + subject.utf8.count + (issuer?.utf8.count ?? 0)) { $0 + 32 + $1.utf8.count }
    }
}

extension TLSSessionFacts.Verification {
    fileprivate var weight: Int {
        switch self {
        case .unverified: 0
        case .dane(let matched, _): matched.data.count
        case .failed(_, let words): words.utf8.count
        }
    }
}

extension HostSighting {
    var weight: Int {
        let records = requirement.dane?.records.reduce(0) { $0 + 64 + $1.data.count } ?? 0
        return 1_024 + records + (evidence?.weight ?? 0) + shadows.count * 512
    }
}
