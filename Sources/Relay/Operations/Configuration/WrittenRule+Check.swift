import Mail

extension Configuration.WrittenRule {
    struct Contradiction {
        /// Empty for the rule as a whole.
        let key: String
        let problem: String
        let cure: String
    }

    /// Values of one rule that are right each by itself and wrong together.
    func contradictions() -> [Contradiction] {
        var found: [Contradiction] = []
        func demand(_ holds: Bool, _ key: String, _ problem: String, _ cure: String) {
            if !holds { found.append(Contradiction(key: key, problem: problem, cure: cure)) }
        }
        demand(
            destination != nil || mx != nil, "", "names neither destination nor mx",
            "Add destination = \"example.org\", \"*.example.org\" or \"*\"")
        demand(
            by.isEmpty || level == .authenticated, "by", "is set, but level is not \"authenticated\"",
            "Add level = \"authenticated\", or remove by")
        demand(
            names.isEmpty || by.contains(.pkix), "names", "is set, but by does not list \"pkix\"",
            "Add \"pkix\" to by, or remove names")
        demand(
            caFile == nil || by.contains(.pkix), "ca_file", "is set, but by does not list \"pkix\"",
            "Add \"pkix\" to by, or remove ca_file")
        demand(
            fingerprints.isEmpty || by.contains(.fingerprint), "fingerprints",
            "is set, but by does not list \"fingerprint\"", "Add \"fingerprint\" to by, or remove fingerprints")
        demand(
            !fingerprints.isEmpty || !by.contains(.fingerprint), "by",
            "lists \"fingerprint\", but there are no fingerprints",
            "Add fingerprints = [\"public-key:…\"], or remove \"fingerprint\"")
        demand(
            clientCertificate == nil || clientKey != nil, "client_certificate", "is set without client_key",
            "Set both, or none")
        demand(
            clientKey == nil || clientCertificate != nil, "client_key", "is set without client_certificate",
            "Set both, or none")
        demand(
            nextHop == nil || !isObserved, "mode", "is \"observe\", but mail cannot go two ways: the rule has next_hop",
            "Remove mode, or put the demands into a rule of their own for the next hop")
        demand(
            nextHop == nil || mx == nil, "next_hop", "stands with mx, but mail is routed by its destination",
            "Make two rules of it, or remove mx")
        demand(
            nextHop != nil || implicitTLS == nil, "implicit_tls", "is set without next_hop",
            "Add next_hop, or remove implicit_tls")
        demand(
            nextHop != nil || credentials == nil, "credentials", "is set without next_hop",
            "Add next_hop, or remove credentials")
        return found + unprovable() + contradictionsOfNone()
    }

    /// Proofs that can never be given.
    private func unprovable() -> [Contradiction] {
        var found: [Contradiction] = []
        let proofs = by.isEmpty && level == .authenticated ? [.dane, .mtaSTS] : by
        let key = by.isEmpty ? "level" : "by"
        if dane == .off, by.contains(.dane) {
            found.append(
                Contradiction(
                    key: key, problem: "lists \"dane\", but dane is \"off\"", cure: "Remove one of the two"))
        }
        if mtaSTS == .off || mtaSTS == .observe, by.contains(.mtaSTS) {
            found.append(
                Contradiction(
                    key: key, problem: "lists \"mta-sts\", but mta_sts is \"\(mtaSTS?.rawValue ?? "")\"",
                    cure: "Remove one of the two"))
        }
        if by.isEmpty, level == .authenticated, dane == .off, mtaSTS == .off || mtaSTS == .observe {
            found.append(
                Contradiction(
                    key: key, problem: "is \"authenticated\", but neither dane nor mta_sts may prove anything here",
                    cure: "Add by = [\"pkix\"] or [\"fingerprint\"]"))
        }
        guard isForAddress else { return found }
        let proves = proofs.contains { $0 == .fingerprint || ($0 == .pkix && !names.isEmpty) }
        if !proofs.isEmpty, !proves {
            found.append(
                Contradiction(
                    key: key, problem: "cannot be proved by an address, which has no name",
                    cure: "Add by = [\"pkix\"] with names = [\"…\"], or by = [\"fingerprint\"] with fingerprints"))
        }
        if requireTLS == true {
            found.append(
                Contradiction(
                    key: "requiretls", problem: "needs a host with a name, not an address",
                    cure: "Name the host, or remove requiretls"))
        }
        return found
    }

    private var isForAddress: Bool {
        if case .address? = mx { return true }
        if case .address? = nextHop?.target { return true }
        return false
    }

    /// `level = "none"`, and yet something that needs TLS.
    private func contradictionsOfNone() -> [Contradiction] {
        guard level == TLSRequirement.Level.none else { return [] }
        let keys = [
            (requireTLS == true, "requiretls", ""), (implicitTLS == true, "implicit_tls", ""),
            // CLI-27: without TLS a password may go to this machine itself, and nowhere else.
            (
                credentials != nil && nextHop?.isLoopback != true, "credentials",
                " and next_hop is no loopback address"
            ),
        ]
        return keys.filter(\.0).map { _, key, more in
            Contradiction(
                key: key, problem: "needs TLS, but level is \"none\"\(more)",
                cure: "Set level = \"encrypted\" or \"authenticated\", or remove \(key)")
        }
    }
}
