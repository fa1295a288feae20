extension TLSRequirement {
    /// The same with TLS demanded: a password never leaves in the clear (RFC 4954 §4), and implicit TLS has no clear form
    /// (RFC 8314 §3). Whoever demands TLS already keeps the last word on how.
    public func demandingTLS(of security: ClientSession.TLSStart) -> TLSRequirement {
        guard cleartextAllowed else { return self }
        let words =
            security == .implicitTLS
            ? Explanation("the next hop is reached by implicit TLS", source: "RFC 8314 §3")
            : Explanation("the next hop is to be shown a password", source: "RFC 4954 §4")
        return TLSRequirement(
            level: .encrypted, by: .local, demands: [], dane: dane, webPKI: webPKI, pkix: pkix,
            fingerprints: fingerprints, hasOnlyUnusableTLSA: hasOnlyUnusableTLSA, hasUnknownTLSA: hasUnknownTLSA,
            sts: sts, requireTLS: requireTLS, serverName: serverName, minimumVersion: minimumVersion,
            clientIdentity: clientIdentity, fallback: nil, reason: words)
    }
}
