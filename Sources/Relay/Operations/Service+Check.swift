import DNS
import Glibc
import Mail
import Net
import TLS

extension Service {
    /// What a start would stumble over besides: certificates and DKIM keys that cannot be used, a store folder with the wrong
    /// mode.
    /// Changes nothing.
    public static func checkParts(_ configuration: Configuration) -> [String] {
        var faults: [String] = []
        do throws(ServiceError) {
            let hostname = try ServiceParts.hostname(configuration)
            do throws(ConfigurationError) { _ = try Entrance.all(configuration, hostname: hostname) } catch {
                faults += error.faults.map { "\($0.key): \($0.problem). \($0.cure)." }
            }
        } catch {
            faults.append("\(error)")
        }
        if let path = configuration.intake.usersFile {
            do throws(UsersFileFault) { _ = try UsersFile.read(path) } catch {
                faults.append("intake.users_file: \(error)")
            }
        }
        do throws(ConfigurationError) {
            _ = try KeyRing(loading: configuration)
        } catch {
            faults += error.faults.map { "\($0.key): \($0.problem). \($0.cure)." }
        }
        if let name = configuration.server.user {
            do throws(SystemUserError) {
                if try SystemUser(named: name).number == 0 { throw .isRoot(name) }
            } catch {
                faults.append("server.user: \(error)")
            }
        }
        var status = stat()
        let directory = configuration.store.directory
        if stat(directory, &status) == 0, status.st_mode & 0o077 != 0 {
            faults.append("store.directory: others may enter \(directory): chmod 0700 it")
        }
        return faults
    }

    /// What a start would warn of besides ``Configuration/warnings``.
    public static func checkWarnings(_ configuration: Configuration) -> [String] {
        let anchors =
            ServiceParts.missingAnchors(configuration, TrustStores()).map {
                ["\($0). Cure: \(ServiceParts.anchorsCure)."]
            } ?? []
        return anchors + configuration.socketWarnings() + rightsWarnings(configuration)
            + ((try? KeyRing(loading: configuration))?.warnings ?? []) + reloadWarnings(configuration)
    }

    /// Started as root, keys are read before `server.user` is; a reload is that user's.
    private static func reloadWarnings(_ configuration: Configuration) -> [String] {
        guard geteuid() == 0, let name = configuration.server.user, let user = try? SystemUser(named: name) else {
            return []
        }
        return configuration.secretFiles.filter { user.mayRead($0.path) == false }.map { file in
            """
            \(file.key): \(file.path) may not be read by \(name): a start as root reads it, and each reload will be refused. \
            Cure: chown \(name) \(file.path).
            """
        }
    }

    /// What others of this machine may do that they need not.
    static func rightsWarnings(_ configuration: Configuration) -> [String] {
        openKeyWarnings(configuration) + questionWarnings(configuration)
    }

    /// Keys of listeners that others of this machine can read.
    private static func openKeyWarnings(_ configuration: Configuration) -> [String] {
        let intake = configuration.intake
        var warnings: [String] = []
        let keys =
            [("intake.tls_key", intake.tlsKey)]
            + intake.listeners.enumerated().map { ("intake.listener[\($0.offset)].tls_key", $0.element.tlsKey) }
        for (key, path) in keys {
            var status = stat()
            guard let path, stat(path, &status) == 0, status.st_mode & (S_IROTH | S_IWOTH | S_IWGRP) != 0 else {
                continue
            }
            warnings.append(
                "\(key): anybody on this machine can read or change \(path) (mode \(String(status.st_mode & 0o7777, radix: 8))). Cure: chmod 640 it."
            )
        }
        return warnings
    }

    private static func questionWarnings(_ configuration: Configuration) -> [String] {
        guard configuration.control.readSocket != nil, configuration.control.readGroup == nil else { return [] }
        return [
            "control.read_socket: without control.read_group it is for the same people as control.socket, who may give orders. Cure: name a group."
        ]
    }

    /// Tries the settings of `[dns]` in a throw-away worker with a real lookup, because libunbound takes values with which
    /// its next lookup crashes.
    /// - Returns: what is wrong, in words; nil where nothing is.
    public static func checkResolver(
        _ configuration: Configuration, program: String = ownProgram, workerArguments: [String] = workerArguments
    ) async -> String? {
        guard let loop = try? Loop(name: "check"), (try? loop.start()) != nil else { return nil }
        defer { loop.shutdown() }
        switch await Resolver.check(
            ResolverSettings(configuration.dns), program: program, arguments: workerArguments, on: loop)
        {
        case .good: return nil
        case .badOption(let option, let why):
            return "dns.unbound: \(option): \(why). Correct or remove the option, see unbound.conf(5)."
        case .badSettings(let why): return "dns: \(why). Check root_trust_anchor, root_hints and forward."
        case .notTried(let why): return "dns: the settings could not be tried: \(why)."
        }
    }
}
