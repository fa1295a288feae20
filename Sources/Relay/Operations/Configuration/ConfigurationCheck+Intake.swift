import Mail

// What is wrong, or seldom meant, in [intake] and its listeners.
extension Configuration {
    /// RFC 2033 §5: never LMTP there.
    private static let smtpPort: UInt16 = 25

    func intakeContradictions() -> [ConfigurationFault] {
        var faults: [ConfigurationFault] = []
        if intake.listen.isEmpty, intake.listeners.isEmpty {
            faults.append(
                fault(
                    "intake.listen", "is empty, and there is no [[intake.listener]]",
                    "Name an address, such as \"127.0.0.1:2525\""))
        }
        if intake.stressTimeout > intake.commandTimeout {
            faults.append(
                fault(
                    "intake.stress_timeout", "is longer than intake.command_timeout",
                    "Choose at most \(DurationText.spell(intake.commandTimeout))"))
        }
        for (index, listener) in intake.listeners.enumerated() {
            faults += contradictions(of: listener, "intake.listener[\(index)]")
        }
        return faults + pointContradictions() + clientContradictions()
    }

    private func contradictions(of listener: WrittenListener, _ path: String) -> [ConfigurationFault] {
        var faults: [ConfigurationFault] = []
        func demand(_ holds: Bool, _ key: String, _ problem: String, _ cure: String) {
            if !holds { faults.append(fault("\(path).\(key)", problem, cure)) }
        }
        let (certificate, key) = (listener.tlsCertificate, listener.tlsKey)
        demand(certificate == nil || key != nil, "tls_certificate", "is set without tls_key", "Set both, or none")
        demand(key == nil || certificate != nil, "tls_key", "is set without tls_certificate", "Set both, or none")
        demand(
            listener.tls != .none || certificate == nil, "tls_certificate", "is set, but tls is \"none\"",
            "Remove one of the two")
        let isSubmission = listener.role == .submission
        let hasCertificate = certificate != nil || intake.tlsCertificate != nil
        let certificateCure = "Set tls_certificate and tls_key, here or in [intake]"
        if listener.tls == .implicit || listener.tls == .required {
            demand(
                hasCertificate, "tls", "is \"\(listener.tls.rawValue)\", but there is no certificate", certificateCure)
        } else if isSubmission {
            demand(
                listener.tls != .none, "tls", "is \"none\", but role = \"submission\" demands TLS",
                "Set tls = \"implicit\" or \"required\"")
            demand(
                hasCertificate || listener.tls == .none, "role",
                "is \"submission\", which demands TLS, but there is no certificate", certificateCure)
        }
        if isSubmission, intake.clientCAFile == nil, intake.clientFingerprints.isEmpty {
            demand(
                intake.usersFile != nil, "role",
                "is \"submission\", which demands a login, but there are neither users nor client certificates",
                "Set intake.users_file, intake.client_ca_file or intake.client_fingerprints")
            demand(
                listener.auth || intake.usersFile == nil, "auth",
                "is false, but role = \"submission\" demands a login, and no client certificates are known",
                "Remove it, or set intake.client_ca_file or intake.client_fingerprints")
        }
        let hasUnix = listener.hasUnixSocket
        let unixCure =
            "Remove it, or listen on \"unix:/path\"; what systemd makes has SocketMode= and SocketGroup= in its unit"
        demand(
            hasUnix || !isWritten("\(path).socket_mode"), "socket_mode", "is set, but no Unix socket is listened on",
            unixCure)
        demand(
            hasUnix || listener.socketGroup == nil, "socket_group", "is set, but no Unix socket is listened on",
            unixCure)
        if listener.protocol == .lmtp {
            for (number, point) in listener.listen.enumerated() where point.port == Self.smtpPort {
                demand(
                    false, "listen[\(number)]", "is port 25, where LMTP must not be spoken (RFC 2033 §5)",
                    "Choose another port, such as 24, or a Unix socket")
            }
        }
        return faults
    }

    /// Every point with its path.
    var locatedPoints: [(path: String, point: ListenPoint)] {
        var points = intake.listen.enumerated().map { ("intake.listen[\($0.offset)]", $0.element) }
        for (index, listener) in intake.listeners.enumerated() {
            points += listener.listen.enumerated().map {
                ("intake.listener[\(index)].listen[\($0.offset)]", $0.element)
            }
        }
        return points.map { (path: $0.0, point: $0.1) }
    }

    private func pointContradictions() -> [ConfigurationFault] {
        var faults: [ConfigurationFault] = []
        var first: [ListenPoint: String] = [:]
        for (path, point) in locatedPoints {
            if let other = first[point] {
                let line = places.key(other).map { "in line \($0.line)" }
                faults.append(
                    fault(
                        path, "\(point) is listened on already, \(line ?? "by default of intake.listen")",
                        line == nil ? "Write listen = [] in [intake], or choose another one" : "Remove one of the two"))
            } else {
                first[point] = path
            }
            guard case .unix(let socket) = point else { continue }
            let others: [(String?, String)] = [
                (control.socket, "control.socket"), (control.readSocket, "control.read_socket"),
                (tlsrpt.socket, "tlsrpt.socket"),
            ]
            for (other, key) in others where other == socket {
                faults.append(fault(path, "is the path of \(key)", "Give it a path of its own"))
            }
        }
        return faults
    }

    private func clientContradictions() -> [ConfigurationFault] {
        var faults: [ConfigurationFault] = []
        for (index, client) in intake.writtenClients.enumerated() {
            let path = "intake.client[\(index)]"
            if client.hasNoKey {
                faults.append(
                    fault(
                        path, "names neither networks nor users nor fingerprints",
                        "Add networks = [\"192.0.2.0/24\"], users = [\"…\"] or fingerprints = [\"…\"]"))
            }
            if let connections = client.connections, connections > intake.connectionLimit {
                faults.append(
                    fault(
                        "\(path).connections", "is greater than intake.connection_limit",
                        "Choose at most \(intake.connectionLimit)"))
            }
        }
        return faults
    }

    /// Files of the intake that cannot be used as they are.
    func checkIntake(files: FileSurvey) -> [ConfigurationFault] {
        var faults: [ConfigurationFault] = []
        func demand(_ path: String?, _ use: FileSurvey.Use, _ key: String, _ cure: String) {
            guard let path, let problem = files.problem(path, use) else { return }
            faults.append(fault(key, "\(path) \(problem)", Self.cure(of: problem, path) ?? cure))
        }
        let ours = Self.readableCure
        demand(intake.tlsCertificate, .readableFile, "intake.tls_certificate", ours)
        demand(intake.tlsKey, .readableFile, "intake.tls_key", ours)
        demand(
            intake.usersFile, .users, "intake.users_file",
            "Make it by relayctl user add, give it to the user of relayd, and say chmod 600")
        demand(intake.clientCAFile, .trustAnchors, "intake.client_ca_file", ours)
        for (index, listener) in intake.listeners.enumerated() {
            demand(listener.tlsCertificate, .readableFile, "intake.listener[\(index)].tls_certificate", ours)
            demand(listener.tlsKey, .readableFile, "intake.listener[\(index)].tls_key", ours)
        }
        return faults
    }

    /// A key that the file has, be it at its default.
    func isWritten(_ path: String) -> Bool { places.key(path) != nil }
}
