public import Mail

extension PolicySettings {
    /// The operator's part in every decision, from `[tls]`, `[dane]`, `[sts]` and all `[[rule]]` tables.
    public init(_ configuration: Configuration) {
        self.init(
            daneForInsecureMX: configuration.dane.insecureMX, digestOrder: configuration.dane.digestOrder,
            rules: configuration.ruleTable, minimumLevel: configuration.tls.minimumLevel,
            minimumVersion: configuration.tls.minimumVersion,
            opportunisticMinimumVersion: configuration.tls.opportunisticMinimumVersion,
            trust: configuration.tls.trust, demandsBoth: configuration.dane.whenBoth == .both,
            testingValidatesRequireTLS: configuration.sts.testingValidatesRequireTLS)
    }
}

extension STSSettings {
    /// The times of `[sts]`, in whole seconds.
    public init(_ configuration: Configuration) {
        self.init(
            refresh: configuration.sts.refresh.components.seconds,
            forgetAfter: configuration.sts.forgetAfter.components.seconds)
    }
}

extension Configuration.TLS {
    /// `tls.ca_file`
    public var trust: TrustStore { caFile.map(TrustStore.file) ?? .system }
}

extension Configuration.DANE {
    /// `digests` as matching types (RFC 6698 §7.4).
    public var digestOrder: DigestOrder {
        DigestOrder(digests.map { $0 == .sha512 ? 2 : 1 })
    }
}

extension Configuration {
    /// What the files of `credentials` hold, by their paths; all faults at once.
    public func loadCredentials() throws(ConfigurationError) -> [String: Credentials] {
        var loaded: [String: Credentials] = [:]
        var faults: [ConfigurationFault] = []
        for (path, rule) in locatedRules {
            guard let file = rule.credentials, loaded[file] == nil else { continue }
            do throws(CredentialsFileFault) {
                loaded[file] = try CredentialsFile.read(file)
            } catch {
                faults.append(fault("\(path).credentials", "\(file) \(error.problem)", Self.credentialsCure))
            }
        }
        if !faults.isEmpty { throw ConfigurationError(faults: faults) }
        return loaded
    }

    static let credentialsCure =
        "Put one line user:password there, give the file to the user of relayd, and say chmod 600"
}
