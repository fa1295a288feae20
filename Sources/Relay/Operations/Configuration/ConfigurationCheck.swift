import Mail
import Net
import TLS

extension Configuration {
    /// Values that are right each by itself and wrong together.
    func contradictions() -> [ConfigurationFault] {
        var faults: [ConfigurationFault] = []
        func demand(_ holds: Bool, _ key: String, _ problem: String, _ cure: String) {
            if !holds { faults.append(fault(key, problem, cure)) }
        }
        demand(
            intake.tlsCertificate == nil || intake.tlsKey != nil, "intake.tls_certificate",
            "is set without intake.tls_key", "Set both to offer STARTTLS, or none")
        demand(
            intake.tlsKey == nil || intake.tlsCertificate != nil, "intake.tls_key",
            "is set without intake.tls_certificate", "Set both to offer STARTTLS, or none")
        demand(
            intake.clientConnectionLimit <= intake.connectionLimit, "intake.client_connection_limit",
            "is greater than intake.connection_limit", "Choose at most \(intake.connectionLimit)")
        demand(
            delivery.destinationConnections <= delivery.connectionLimit, "delivery.destination_connections",
            "is greater than delivery.connection_limit", "Choose at most \(delivery.connectionLimit)")
        demand(
            retry.minimum <= retry.maximum, "retry.minimum", "is longer than retry.maximum",
            "Choose at most \(DurationText.spell(retry.maximum))")
        demand(
            retry.minimum < retry.lifetime, "retry.lifetime", "ends before the first retry (retry.minimum)",
            "Choose more than \(DurationText.spell(retry.minimum))")
        if let delayed = retry.delayedAfter {
            demand(
                delayed < retry.lifetime, "retry.delayed_after", "is not shorter than retry.lifetime",
                "Choose less than \(DurationText.spell(retry.lifetime)), or \"0\" for never")
        }
        demand(
            delivery.ipv6 || delivery.sourceIPv6 == nil, "delivery.source_ipv6", "is set while delivery.ipv6 is false",
            "Remove it, or switch delivery.ipv6 on")
        demand(
            tls.opportunisticMinimumVersion <= tls.minimumVersion, "tls.opportunistic_minimum_version",
            "is higher than tls.minimum_version", "Choose at most \"\(tls.minimumVersion.rawValue)\"")
        demand(
            sts.refresh <= sts.forgetAfter, "sts.forget_after", "is shorter than sts.refresh",
            "Choose at least \(DurationText.spell(sts.refresh))")
        return faults + intakeContradictions() + ruleContradictions() + reportContradictions() + queueContradictions()
            + canaryContradictions()
    }

    /// What this machine must hold for a start: all of ``checkFiles(files:)`` and of ``checkStart(files:isRoot:)``. `relayd --check`
    /// and the start ask for the same. `files` answers whether a path is there and may be used so; the default asks the system, for
    /// the user that relayd becomes.
    public func check(files: FileSurvey? = nil) -> [ConfigurationFault] {
        let files = files ?? survey
        return checkFiles(files: files) + checkStart(files: files)
    }

    /// The system as a start finds it.
    var survey: FileSurvey { .loading(into: TrustStores(), ClientIdentities(), for: Rights.heir(of: self)) }

    /// What a reload needs as well as a start: files that exist and can be read by whoever calls.
    func checkFiles(files: FileSurvey) -> [ConfigurationFault] {
        var faults: [ConfigurationFault] = []
        func demand(_ path: String?, _ use: FileSurvey.Use, _ key: String, _ cure: String) {
            guard let path, let problem = files.problem(path, use) else { return }
            faults.append(fault(key, "\(path) \(problem)", Self.cure(of: problem, path) ?? cure))
        }
        let ours = Self.readableCure
        demand(store.directory, .writableDirectory, "store.directory", "Create it and give it to the user of relayd")
        demand(
            dns.rootTrustAnchor, .workerFile, "dns.root_trust_anchor",
            "Install the Debian package dns-root-data, or name another file")
        demand(dns.rootHints, .workerFile, "dns.root_hints", ours)
        return faults + checkIntake(files: files) + checkProofs(files: files)
    }

    /// The part of ``check(files:)`` that the daemon does once more at start, to keep what it loads: trust anchors and
    /// certificates of our own. The files of `credentials` are among them.
    func checkProofs(files: FileSurvey) -> [ConfigurationFault] {
        var faults: [ConfigurationFault] = []
        // Many rules may name one file.
        var known: [FileSurvey.Use: [String: FileSurvey.Problem?]] = [:]
        func demand(_ path: String?, _ use: FileSurvey.Use, _ key: String, _ cure: String) {
            guard let path else { return }
            let found = known[use]?[path] ?? files.problem(path, use)
            known[use, default: [:]][path] = .some(found)
            guard let problem = found else { return }
            faults.append(fault(key, "\(path) \(problem)", Self.cure(of: problem, path) ?? cure))
        }
        let ours = Self.readableCure
        demand(tls.caFile, .trustAnchors, "tls.ca_file", ours)
        for (index, rule) in rules.enumerated() {
            let path = ConfigurationPlaces.path(RuleReader.name, index)
            demand(rule.caFile, .trustAnchors, "\(path).ca_file", ours)
            let count = faults.count
            demand(rule.clientKey, .readableFile, "\(path).client_key", ours)
            if faults.count == count, let key = rule.clientKey {
                demand(
                    rule.clientCertificate, .certificate(key: key), "\(path).client_certificate",
                    "Name a chain in PEM, own certificate first, and its key without a passphrase")
            }
            demand(rule.credentials, .credentials, "\(path).credentials", Self.credentialsCure)
        }
        for (index, override) in tlsrpt.overrides.enumerated() {
            for (number, route) in override.destinations.enumerated() {
                guard case .directory(let path) = route else { continue }
                demand(
                    path, .writableDirectory, "tlsrpt.override[\(index)].to[\(number)]",
                    "Create it and give it to the user of relayd")
            }
        }
        return faults
    }

    /// Of what is not a matter of the one file.
    static func cure(of problem: FileSurvey.Problem, _ path: String) -> String? {
        if case .unreadable = problem { return "\(readableCure): chown it, or chgrp it and chmod 640" }
        return cure(ofFolder: problem, path)
    }

    /// Of what is there, and cannot be written to or seen; nil for any other problem.
    static func cure(ofFolder problem: FileSurvey.Problem, _ path: String) -> String? {
        switch problem {
        case .readOnly:
            "Mount it for writing, or choose another folder; a unit of systemd must name it under ReadWritePaths="
        case .foreign(_, let user): "Say chown \(user) \(path)"
        case .unwritable: "Say chmod u+rwx \(path), and let the user of relayd pass through the folders above it"
        case .unseen: "Let the user of relayd pass through the folders above it, or correct the path"
        case .noFolder: "Move it out of the way, or choose another folder"
        // It may be one that others need as it is, as /run.
        case .folder(.foreign(_, let user)):
            "Choose a folder that is relayd's own, or say chown \(user) \(FileSurvey.folder(of: path))"
        case .folder(let problem): cure(ofFolder: problem, FileSurvey.folder(of: path))
        default: nil
        }
    }

    static let readableCure = "Correct the path, or let the user of relayd read the file"

    /// What is allowed and yet seldom meant; sentences for the operator.
    public var warnings: [String] { warnings(at: Service.clock()) }

    func warnings(at now: WallTime) -> [String] {
        var warnings = intakeWarnings()
        if delivery.loopback {
            warnings.append(
                "delivery.loopback is on: mail may come back to this machine. It is meant for test networks.")
        }
        if tls.opportunisticMinimumVersion < .tls12 {
            warnings.append(
                "tls.opportunistic_minimum_version is below 1.2: such sessions keep out those who only listen "
                    + "(RFC 9325 §3.1.1).")
        }
        if tls.minimumLevel == .authenticated {
            warnings.append(
                "tls.minimum_level is \"authenticated\": domains with neither DANE nor MTA-STS get no mail, unless a rule "
                    + "says otherwise.")
        }
        if delivery.dataEndTimeout < .seconds(600) {
            warnings.append(
                "delivery.data_end_timeout is below 10m (RFC 5321 §4.5.3.2.6): slow servers get messages twice.")
        }
        if dns.selfTestSecure == nil || dns.selfTestBogus == nil {
            warnings.append("A DNSSEC self-test is switched off: a resolver that does not validate would go unnoticed.")
        }
        if store.minimumFree < intake.messageLimit {
            warnings.append("store.minimum_free is below intake.message_limit: one message could fill the disk.")
        }
        warnings += reportWarnings(at: now) + queueWarnings()
        if !dns.unbound.isEmpty {
            warnings.append("dns.unbound hands options to libunbound that relayd cannot check.")
        }
        return warnings + ruleWarnings().map(\.description)
    }

    func fault(_ key: String, _ problem: String, _ cure: String) -> ConfigurationFault {
        ConfigurationFault(file: places.file, place: places.value(key), key: key, problem: problem, cure: cure)
    }
}
