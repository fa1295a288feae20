extension Configuration {
    /// A file that not everybody may read.
    struct SecretFile: Hashable, Sendable {
        /// As in the configuration.
        let key: String
        let path: String
    }

    /// Files of private keys and passwords, each as often as it is named.
    var secretFiles: [SecretFile] {
        var files: [(String, String?)] = [
            ("intake.tls_key", intake.tlsKey), ("intake.users_file", intake.usersFile),
        ]
        files += intake.listeners.enumerated().map { ("intake.listener[\($0.offset)].tls_key", $0.element.tlsKey) }
        files += dkim.keys.enumerated().map { ("dkim.key[\($0.offset)].file", $0.element.file) }
        for (index, rule) in rules.enumerated() {
            let path = ConfigurationPlaces.path(RuleReader.name, index)
            files += [("\(path).client_key", rule.clientKey), ("\(path).credentials", rule.credentials)]
        }
        return files.compactMap { key, path in path.map { SecretFile(key: key, path: $0) } }
    }
}
