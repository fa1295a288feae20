import Mail

// What is wrong, or seldom meant, in [dkim] and [tlsrpt].
extension Configuration {
    func reportContradictions() -> [ConfigurationFault] {
        keyContradictions() + overrideContradictions() + submitterContradictions() + socketContradictions()
    }

    private func socketContradictions() -> [ConfigurationFault] {
        var faults: [ConfigurationFault] = []
        func demand(_ holds: Bool, _ key: String, _ other: String, _ example: String) {
            if holds { return }
            faults.append(fault(key, "is the path of \(other)", "Give it a path of its own: \"\(example)\""))
        }
        demand(control.readSocket != control.socket, "control.read_socket", "control.socket", "/run/waxwing/read.sock")
        demand(tlsrpt.socket != control.socket, "tlsrpt.socket", "control.socket", "/run/waxwing/tlsrpt.sock")
        demand(
            tlsrpt.socket == nil || tlsrpt.socket != control.readSocket, "tlsrpt.socket", "control.read_socket",
            "/run/waxwing/tlsrpt.sock")
        return faults
    }

    /// What keeps `tlsrpt.socket` from being opened. It is no fault, since mail goes on without. Of ``ownFolders`` nothing is asked
    /// here where they are not there.
    func socketWarnings(files: FileSurvey? = nil) -> [String] {
        let files = files ?? survey
        guard let path = tlsrpt.socket, let problem = files.problem(path, .socket) else { return [] }
        let folder = FileSurvey.folder(of: path)
        if ownFolders.contains(folder), files.problem(folder, .writableDirectory) == .absence { return [] }
        let cure =
            problem == .inTheWay
            ? "Remove it, or choose another path"
            : Self.cure(ofFolder: problem, path) ?? "Create the folder and give it to the user of relayd"
        return ["\(fault("tlsrpt.socket", "\(path) \(problem)", cure))"]
    }

    private func keyContradictions() -> [ConfigurationFault] {
        var faults: [ConfigurationFault] = []
        // Where a name was first.
        var names: [String: Int] = [:]
        for (index, key) in dkim.keys.enumerated() {
            let path = "dkim.key[\(index)]"
            guard let domain = key.domain, let selector = key.selector else { continue }
            let name = "\(selector)._domainkey.\(domain)"
            if let first = names[name] {
                let line = places.key("dkim.key[\(first)].selector").map { ", in line \($0.line)" } ?? ""
                faults.append(
                    fault(
                        "\(path).selector", "is another key's of \(domain)\(line)",
                        "Give each key a selector of its own"))
            } else {
                names[name] = index
            }
            if (try? DomainName(name)) == nil {
                faults.append(
                    fault("\(path).selector", "makes a name too long for DNS: \(name)", "Choose a shorter one"))
            }
        }
        return faults
    }

    private func overrideContradictions() -> [ConfigurationFault] {
        var faults: [ConfigurationFault] = []
        var seen: Set<DomainName> = []
        for (index, override) in tlsrpt.overrides.enumerated() {
            let path = "tlsrpt.override[\(index)]"
            guard let domain = override.domain else { continue }
            if !seen.insert(domain).inserted {
                faults.append(fault("\(path).domain", "\(domain) has an override already", "Make one of the two"))
            }
        }
        return faults
    }

    private func submitterContradictions() -> [ConfigurationFault] {
        var faults: [ConfigurationFault] = []
        func demand(_ holds: Bool, _ key: String, _ problem: String, _ cure: String) {
            if !holds { faults.append(fault(key, problem, cure)) }
        }
        demand(
            tlsrpt.organization == nil || tlsrpt.contact != nil, "tlsrpt.organization", "is set without tlsrpt.contact",
            "Set both to send reports, or none")
        demand(
            tlsrpt.contact == nil || tlsrpt.organization != nil, "tlsrpt.contact", "is set without tlsrpt.organization",
            "Set both to send reports, or none")
        guard let contact = tlsrpt.contact else { return faults }
        let domain: DomainName? = if case .name(let name) = contact.domain { name } else { nil }
        demand(
            tlsrpt.submitter == nil || tlsrpt.submitter == domain, "tlsrpt.submitter",
            "is not the domain of tlsrpt.contact (RFC 8460 §5.3)",
            "Write \"\(domain?.text ?? "")\", or a contact at that domain")
        if let from = tlsrpt.from {
            let sender: DomainName? = if case .name(let name) = from.domain { name } else { nil }
            demand(
                sender == domain, "tlsrpt.from", "is not at the domain of tlsrpt.contact, by which reports are signed",
                "Write an address at \(domain?.text ?? "it")")
        }
        return faults
    }

    /// Sentences for `relayd --check`.
    func reportWarnings(at now: WallTime) -> [String] {
        var warnings = dkim.beginningWarnings(at: now)
        let missing = tlsrpt.missing(dkim, at: now)
        if !missing.isEmpty {
            warnings.append("no TLS-RPT reports are sent (RFC 8460): \(missing.joined(separator: "; ")).")
        } else {
            // D15: only what names a domain holds a report back.
            for (path, rule) in locatedRules where rule.level ?? .none > .opportunistic || rule.requireTLS == true {
                guard rule.destination ?? .any != .any || rule.mx ?? .any != .any else { continue }
                let line = places.key(path).map { " in line \($0.line)" } ?? ""
                warnings.append(
                    "\(rule.label)\(line) also holds back TLS-RPT reports to that domain while its TLS is broken; "
                        + "they must get through (RFC 8460 §3): tls_required_no = \"honour\" lets them pass.")
            }
        }
        if tlsrpt.privateAddresses {
            warnings.append(
                "tlsrpt.private_addresses is on: strangers' records can have reports posted into your own network.")
        }
        return warnings
    }
}
