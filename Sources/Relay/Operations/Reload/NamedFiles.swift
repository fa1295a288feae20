/// The files that a configuration names and that are read once, as they were before they were read: a certificate that was
/// renewed has the same path.
struct NamedFiles: Sendable {
    /// By the key that names the file; nil where there was none.
    private let stamps: [String: FileStamp?]

    init(of configuration: Configuration) {
        var stamps: [String: FileStamp?] = [:]
        func note(_ path: String?, _ key: String) {
            guard let path, !path.isEmpty else { return }
            stamps[key] = .some(FileStamp(path: path))
        }
        let intake = configuration.intake
        note(intake.tlsCertificate, "intake.tls_certificate")
        note(intake.tlsKey, "intake.tls_key")
        note(intake.usersFile, "intake.users_file")
        note(intake.clientCAFile, "intake.client_ca_file")
        for (index, listener) in intake.listeners.enumerated() {
            note(listener.tlsCertificate, "intake.listener[\(index)].tls_certificate")
            note(listener.tlsKey, "intake.listener[\(index)].tls_key")
        }
        note(configuration.tls.caFile, "tls.ca_file")
        for (path, rule) in configuration.locatedRules {
            note(rule.caFile, "\(path).ca_file")
            note(rule.clientCertificate, "\(path).client_certificate")
            note(rule.clientKey, "\(path).client_key")
            note(rule.credentials, "\(path).credentials")
        }
        for (index, key) in configuration.dkim.keys.enumerated() { note(key.file, "dkim.key[\(index)].file") }
        note(configuration.dns.rootTrustAnchor, "dns.root_trust_anchor")
        note(configuration.dns.rootHints, "dns.root_hints")
        self.stamps = stamps
    }

    /// Keys that name the same file in both, which is another one now.
    func renewed(since old: NamedFiles) -> [String] {
        stamps.filter { key, stamp in old.stamps[key].map { $0 != stamp } ?? false }.map(\.key).sorted()
    }
}
