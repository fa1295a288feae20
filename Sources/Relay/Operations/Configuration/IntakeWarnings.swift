import Mail

/// What is allowed in `[intake]` and yet seldom meant, or comes to nothing. Said by `--check`, which ends well all the same.
extension Configuration {
    func intakeWarnings() -> [String] {
        openWarnings() + (listenerWarnings() + clientWarnings()).map(\.description)
    }

    /// Lists of networks that have everybody in them.
    private func openWarnings() -> [String] {
        var warnings: [String] = []
        func warn(_ networks: [IPNetwork], _ key: String, _ words: String) {
            guard let open = networks.first(where: { $0.prefixLength == 0 }) else { return }
            warnings.append("\(key) lists \(open): \(words).")
        }
        warn(intake.networks, "intake.networks", "anybody may send mail through this relay")
        warn(
            intake.xforwardNetworks, "intake.xforward_networks",
            "anybody may say that a message came from somebody else")
        warn(
            intake.proxyNetworks, "intake.proxy_networks",
            "anybody may say that he is somebody else, and whoever says nothing is not served")
        for (index, listener) in intake.listeners.enumerated() where listener.role == .relay {
            warn(
                listener.networks ?? [], "intake.listener[\(index)].networks",
                "anybody may send mail through this relay")
        }
        return warnings
    }

    private func listenerWarnings() -> [ConfigurationFault] {
        intake.listeners.enumerated().compactMap { index, listener in
            let path = "intake.listener[\(index)].acknowledge_timeout"
            guard listener.acknowledge == .queued, isWritten(path) else { return nil }
            return fault(
                path, "has no effect, for acknowledge is \"queued\"", "Add acknowledge = \"delivered\", or remove it")
        }
    }

    private func clientWarnings() -> [ConfigurationFault] {
        var warnings: [ConfigurationFault] = []
        if intake.usersFile == nil {
            let nobody = intake.writtenClients.enumerated().filter { !$0.element.users.isEmpty }.map(\.offset)
            warnings += bounded(
                nobody.map {
                    fault(
                        "intake.client[\($0)].users", "nobody logs in, for there is no intake.users_file",
                        "Set intake.users_file, or remove the table")
                }, "are for users, though nobody logs in")
        }
        let unreachable = IntakeClients(intake).unreachable().map { number, by in
            let line = places.key("intake.client[\(by)]").map { " in line \($0.line)" } ?? ""
            return fault(
                "intake.client[\(number)]",
                "is never reached: the table\(line) matches all that it does, and comes first",
                "Put it before that one, or remove it")
        }
        return warnings + bounded(unreachable, "are never reached")
    }

    /// Of many warnings of one kind the first, and the number of the rest.
    private func bounded(_ warnings: [ConfigurationFault], _ what: String) -> [ConfigurationFault] {
        let rest = warnings.count - Self.ruleWarningLimit
        guard rest > 0 else { return warnings }
        let more = ConfigurationFault(
            file: places.file, place: nil, key: "intake.client", problem: "\(rest) more tables \(what)", cure: "")
        return warnings.prefix(Self.ruleWarningLimit) + [more]
    }
}
