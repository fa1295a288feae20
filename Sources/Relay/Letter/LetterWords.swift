import Mail

/// What a letter says of each fault.
extension LetterFault {
    private var name: String { host?.host ?? "" }

    func title(_ document: PolicyDocument) -> String {
        switch kind {
        case .bogus: "the DNSSEC signatures of \(host?.host ?? document.domain) do not validate"
        case .tlsaLookup: "the TLSA records of \(name) cannot be looked up"
        case .startTLSMissing: "\(name) does not offer STARTTLS"
        case .handshake: "no TLS session with \(name) comes to be"
        case .daneMismatch: "\(name) does not match its TLSA records"
        case .certificateExpired: "the certificate of \(name) has expired"
        case .certificateName: "the certificate of \(name) is for other names"
        case .certificateUntrusted: "the certificate of \(name) is not trusted"
        case .stsHost: "\(name) is not in the MTA-STS policy of \(document.mtaSTS?.domain ?? document.domain)"
        case .stsFetch: "the MTA-STS policy of \(document.mtaSTS?.domain ?? document.domain) cannot be fetched"
        }
    }

    /// Paragraphs.
    func seen(_ document: PolicyDocument, at now: WallTime) -> [String] {
        let place = addresses.isEmpty ? "" : "Seen at \(addresses.joined(separator: ", ")), port \(document.port): "
        switch kind {
        case .bogus, .tlsaLookup:
            return ["Seen: \(words)."]
        case .stsHost:
            let policy = document.mtaSTS?.policy
            return [
                "Seen: the MX records of \(document.domain) name \(document.mx.records.map(\.host).joined(separator: ", ")). "
                    + "The policy (id \(policy?.id ?? "-"), mode \(policy?.mode ?? "-")) lists "
                    + "\(policy?.mx.joined(separator: ", ") ?? "no host"), which does not match \(name)."
            ]
        case .stsFetch:
            let policy = document.mtaSTS?.policy
            let kept = policy.map {
                " We hold the policy with id \($0.id) until \(WallTime(seconds: $0.expiresAt).rfc3339)."
            }
            return ["Seen: the TXT record has id \(document.mtaSTS?.record?.id ?? "-"), and: \(words).\(kept ?? "")"]
        case .startTLSMissing, .handshake:
            return ["\(place)\(words)."]
        case .daneMismatch:
            return ["\(place)\(words).", published(document)] + presented(now)
        case .certificateExpired, .certificateName, .certificateUntrusted:
            return ["\(place)\(words)."] + presented(now)
        }
    }

    private func published(_ document: PolicyDocument) -> String {
        let records = host?.tlsa.records.filter(\.usable).map {
            "\($0.usage) \($0.selector) \($0.matchingType) \($0.data)"
        }
        return
            "Published at \(host?.tlsaName(document.port) ?? ""): \(records?.joined(separator: "; ") ?? "nothing usable")."
    }

    private func presented(_ now: WallTime) -> [String] {
        guard let leaf = chain.first else { return [] }
        var text = "Presented: a certificate of \(leaf.subject)"
        text += leaf.names.isEmpty ? " without names" : " for \(leaf.names.joined(separator: ", "))"
        if let issuer = leaf.issuer { text += ", issued by \(issuer)" }
        if let from = leaf.notBefore, let until = leaf.notAfter {
            text += ", valid from \(WallTime(seconds: from).rfc3339) to \(WallTime(seconds: until).rfc3339)"
            if until < now.seconds { text += ", which is \(Humane.span(now.seconds &- until)) ago" }
        }
        text += "."
        guard let digest = leaf.publicKeyDigest else { return [text] }
        return [text, "The SHA-256 of its public key (SubjectPublicKeyInfo): \(digest)."]
    }

    func demand(_ document: PolicyDocument) -> String {
        let isSTS = host?.requirement?.by == TLSRequirement.Basis.mtaSTS.rawValue
        let policy = "your MTA-STS policy"
        switch kind {
        case .bogus:
            return "you sign your zone, and an answer whose signatures fail must not be used (RFC 4035 §5.5)."
        case .tlsaLookup:
            return
                "while it is not known whether there are TLSA records, mail must wait: whoever suppresses the answer "
                + "must not get the mail (RFC 7672 §2.1.2)."
        case .startTLSMissing, .handshake:
            return isSTS
                ? "\(policy) has mode enforce: mail only over TLS with a trusted certificate (RFC 8461 §5)."
                : "you publish TLSA records: mail only over TLS to a host that matches one (RFC 7672 §2.2)."
        case .daneMismatch:
            return "you publish TLSA records, one of which the host must match (RFC 7672 §2.2, RFC 6698 §2.1)."
        case .certificateExpired, .certificateName, .certificateUntrusted:
            return
                "\(policy) has mode enforce: the host must show a certificate that is trusted, valid, and for its own name "
                + "(RFC 8461 §4.2)."
        case .stsHost:
            return "\(policy) has mode enforce, and mail goes only to hosts that it lists (RFC 8461 §4.1)."
        case .stsFetch:
            return
                "the TXT record says that there is a policy, and it must be had over HTTPS with a trusted certificate "
                + "(RFC 8461 §3.3)."
        }
    }

    func advice(_ document: PolicyDocument) -> String {
        switch kind {
        case .bogus:
            return
                "sign the zone of \(host?.host ?? document.domain) anew with keys that its DS record names, and look at "
                + "the dates of the signatures. If the zone is signed no more, have the DS record removed at the parent."
        case .tlsaLookup:
            return
                "have the name servers answer for TLSA records as for any other type: NODATA where there is none, and never "
                + "SERVFAIL, a refusal or nothing at all."
        case .startTLSMissing:
            return
                "offer STARTTLS at \(name) (RFC 3207 §4), and see that nothing on the way removes it: some firewalls with "
                + "SMTP inspection do. A host that is to have no TLS must not be an MX host of a domain that demands it."
        case .handshake:
            return
                "let \(name) take TLS 1.2 or 1.3 with common ciphers, and see its log for why it ended the handshake."
        case .daneMismatch:
            return
                "only if the key above is yours: publish the record below beside those that are there, and remove the old "
                + "ones once it is everywhere. If it is not yours, somebody stands between us. At the next change publish the "
                + "record of the new key first, wait twice the TTL, and only then use the key (RFC 7671 §8.1)."
        case .certificateExpired:
            return "renew the certificate of \(name), have its renewal done by itself, and the server load it."
        case .certificateName:
            return
                "have a certificate issued that holds \(name) as a DNS name, or have the MX records name the host as its "
                + "certificate does."
        case .certificateUntrusted:
            return
                "have \(name) present a certificate of a public certification authority, with all intermediate "
                + "certificates."
        case .stsHost:
            return
                "if \(name) is yours, add the line below to the policy and give the TXT record a new id (RFC 8461 §3.1). If it "
                + "is not, correct the MX records."
        case .stsFetch:
            return
                "serve the policy as text/plain at the address above, with a trusted certificate for that name and without "
                + "redirects; or, if you want no policy any more, serve one with mode none before you remove the record "
                + "(RFC 8461 §8.3)."
        }
    }

    /// What to publish, as it stands in a zone or a policy.
    func records(_ document: PolicyDocument) -> [String] {
        switch kind {
        case .daneMismatch:
            guard let host, let digest = chain.first?.publicKeyDigest else { return [] }
            return ["\(host.tlsaName(document.port)). IN TLSA 3 1 1 \(digest)"]
        case .stsHost:
            return ["mx: \(name)"]
        default:
            return []
        }
    }
}
