import Mail

/// Commands with which a postmaster sees for himself what we saw. Each is one line that may be pasted into a shell.
extension LetterFault {
    func commands(for document: PolicyDocument) -> [String] {
        let port = document.port
        switch kind {
        case .bogus:
            let question = question(document)
            return ["dig +dnssec \(question)", "dig +dnssec +cd \(question)", "delv \(question)"]
        case .tlsaLookup:
            return ["dig +dnssec \(question(document))"]
        case .startTLSMissing, .handshake:
            return connections(port)
        case .daneMismatch:
            return ["dig +dnssec \(question(document))"]
                + connections(port).map {
                    "\($0) </dev/null 2>/dev/null | openssl x509 -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum"
                }
        case .certificateExpired, .certificateName, .certificateUntrusted:
            return connections(port).flatMap { command in
                [
                    "\(command) -verify_hostname \(word(host?.host ?? "")) </dev/null 2>&1 | grep -i verif",
                    "\(command) </dev/null 2>/dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName",
                ]
            }
        case .stsHost, .stsFetch:
            let domain = document.mtaSTS?.domain ?? document.domain
            return [
                "dig \(word(document.domain)) MX", "dig \(word("_mta-sts.\(domain)")) TXT",
                "curl -sS \(word("https://mta-sts.\(domain)/.well-known/mta-sts.txt"))",
            ]
        }
    }

    /// The name and type that were asked for.
    private func question(_ document: PolicyDocument) -> String {
        guard let host else { return "\(word(document.domain)) MX" }
        if kind == .bogus, host.tlsa.security != Security.bogus.rawValue { return "\(word(host.host)) A" }
        return "\(word(host.tlsaName(document.port))) TLSA"
    }

    /// To the first address that showed it.
    private func connections(_ port: UInt16) -> [String] {
        guard let host, let address = addresses.first else { return [] }
        let place = address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
        let name = host.tlsa.baseDomain ?? host.host
        // Port 465 speaks TLS from the start (RFC 8314 §3.3).
        let start = port == 465 ? "" : "-starttls smtp "
        return ["openssl s_client \(start)-connect \(word(place)) -servername \(word(name)) -showcerts"]
    }

    private func word(_ text: String) -> String { ShellWord.quoted(text) }
}

extension PolicyDocument.Host {
    /// `_25._tcp.mx.example.org` (RFC 7672 §2.2.3).
    func tlsaName(_ port: UInt16) -> String { "_\(port)._tcp.\(tlsa.baseDomain ?? host)" }
}
