// A requirement that comes of another one is a changed copy, never one put together field by field: what is added to the type
// must not be lost on the way.
extension TLSRequirement {
    /// All that is demanded and checked, without the words that explain it: what two connections or TLS sessions must have
    /// in common for one to stand for the other (INT-06).
    public struct Terms: Hashable, Sendable {
        private var requirement: TLSRequirement

        fileprivate init(_ requirement: TLSRequirement) {
            self.requirement = requirement
            self.requirement.reason = Explanation("")
        }
    }

    public var terms: Terms { Terms(self) }

    /// The same checks, recorded and not demanded: to see what a host shows that does not pass.
    public var recording: TLSRequirement {
        var copy = provingNothing(at: .opportunistic, by: nil, .forInformation)
        copy.requireTLS = .no
        copy.fallback = nil
        return copy
    }

    /// The same with the checks that `shadow` is judged by: recorded and not demanded. The name for SNI stays.
    func recording(checksOf shadow: TLSRequirement) -> TLSRequirement {
        // Where TLS is not tried there is nothing to check.
        guard level > .none else { return self }
        var copy = self
        if dane == nil, let reference = shadow.dane {
            copy.dane = reference
            copy.isDANEForShadow = true
        }
        copy.webPKI = webPKI ?? shadow.webPKI
        if let reference = shadow.pkix, reference != pkix { copy.observedPKIX = reference }
        return copy
    }

    /// For a host that is skipped: what it would show, under no demand.
    public static func forInformation(_ host: HostFacts, _ inputs: PolicyInputs) -> TLSRequirement {
        let usable = host.tlsa.security == .secure ? host.tlsa.usableRecords : []
        let base = host.tlsa.baseDomain ?? host.host.name
        let dane = base.flatMap { base in
            usable.isEmpty ? nil : DANEReference(baseDomain: base, records: usable, referenceIdentifiers: [base])
        }
        return TLSRequirement(
            level: .opportunistic, by: nil, demands: [], dane: dane,
            webPKI: host.host.name.map { WebPKIReference(names: [$0], trust: inputs.settings.trust) },
            serverName: dane?.baseDomain ?? host.host.name,
            minimumVersion: inputs.settings.opportunisticMinimumVersion, reason: .forInformation)
    }

    /// The same with TLS demanded: a password never leaves in the clear (RFC 4954 §4), and implicit TLS has no clear form
    /// (RFC 8314 §3). Whoever demands TLS already keeps the last word on how.
    public func demandingTLS(of security: ClientSession.TLSStart) -> TLSRequirement {
        guard cleartextAllowed, security == .implicitTLS || !isWithoutTLSByRule else { return self }
        let words =
            security == .implicitTLS
            ? Explanation("the next hop is reached by implicit TLS", source: "RFC 8314 §3")
            : Explanation("the next hop is to be shown a password", source: "RFC 4954 §4")
        var copy = provingNothing(at: .encrypted, by: .local, words)
        copy.fallback = nil
        return copy
    }

    /// At a level at which nothing need be proved; what is checked stays.
    private func provingNothing(at level: Level, by basis: Basis?, _ reason: Explanation) -> TLSRequirement {
        var copy = self
        copy.level = level
        copy.by = basis
        copy.demands = []
        copy.minimumVersion = Self.floor(minimumVersion, at: level)
        copy.reason = reason
        return copy
    }

    /// No STARTTLS, and so nothing to check.
    fileprivate func withoutTLS(because reason: Reason) -> TLSRequirement {
        var copy = provingNothing(
            at: .none, by: nil,
            Explanation("cleartext after a failed handshake: \(reason.detail)", source: "RFC 7435 §4"))
        copy.dane = nil
        copy.webPKI = nil
        copy.pkix = nil
        copy.observedPKIX = nil
        copy.isDANEForShadow = false
        copy.fingerprints = []
        copy.hasOnlyUnusableTLSA = false
        copy.hasUnknownTLSA = false
        copy.sts = nil
        copy.requireTLS = .no
        copy.fallback = nil
        return copy
    }
}

extension DeliveryPlan.Candidate {
    /// The same host and address, without STARTTLS: the one clear connection that D18 allows where nothing demands TLS.
    public func withoutTLS(because reason: Reason) -> DeliveryPlan.Candidate {
        var copy = self
        copy.requirement = requirement.withoutTLS(because: reason)
        return copy
    }
}

extension Explanation {
    fileprivate static let forInformation = Explanation("for information")
}
