import DNS
import Glibc
import Mail
import Net
import Store
import TLS

extension Service {
    /// All that a start would stumble over, one fault for each key, in the order of the file: what the configuration names and what can
    /// be loaded of it. Changes nothing. Blocks.
    /// - Parameter found: what ``Configuration/check(files:)`` said, where it was asked already.
    public static func faults(
        _ configuration: Configuration, found: [ConfigurationFault]? = nil
    ) -> [ConfigurationFault] {
        var faults = FaultList(found ?? configuration.check())
        faults.add(checkParts(configuration))
        return faults.all.inOrder
    }

    /// What ``Configuration/check(files:)`` does not find: certificates and DKIM keys that cannot be used, a store folder with the wrong
    /// mode or owner.
    static func checkParts(_ configuration: Configuration) -> [ConfigurationFault] {
        var faults = FaultList([])
        do throws(ServiceError) {
            let hostname = try ServiceParts.hostname(configuration)
            _ = faults.gather { () throws(ConfigurationError) in try Entrance.all(configuration, hostname: hostname) }
        } catch {
            faults.add([configuration.fault("server.hostname", "this machine's name is no domain name", "Set it")])
        }
        if let path = configuration.intake.usersFile {
            do throws(UsersFileFault) { _ = try UsersFile.read(path) } catch {
                faults.add([
                    configuration.fault("intake.users_file", "\(error)", "Correct the file, or name another one")
                ])
            }
        }
        _ = faults.gather { () throws(ConfigurationError) in try KeyRing(loading: configuration) }
        faults.add(storeFaults(configuration))
        return faults.all
    }

    /// What the store refuses of its folder and of the files in it.
    private static func storeFaults(_ configuration: Configuration) -> [ConfigurationFault] {
        // Root that asks without server.user asks for a service manager's user, whose name is in no file of ours.
        let user = Rights.heir(of: configuration)?.number ?? (geteuid() == 0 ? nil : geteuid())
        guard let found = SQLiteStore.folderFault(in: configuration.store.directory, for: user) else { return [] }
        return [configuration.fault("store.directory", "\(found.path) \(found.problem)", found.cure)]
    }

    /// What a start would warn of besides ``Configuration/warnings``.
    public static func checkWarnings(_ configuration: Configuration) -> [String] {
        let anchors =
            ServiceParts.missingAnchors(configuration, TrustStores()).map {
                ["\($0). Cure: \(ServiceParts.anchorsCure)."]
            } ?? []
        return anchors + configuration.startWarnings() + configuration.socketWarnings() + rightsWarnings(configuration)
            + ((try? KeyRing(loading: configuration))?.warnings ?? []) + reloadWarnings(configuration)
    }

    /// Started as root, keys are read before `server.user` is, and so is the configuration; a reload is that user's.
    private static func reloadWarnings(_ configuration: Configuration) -> [String] {
        guard let user = Rights.heir(of: configuration) else { return [] }
        let refused = "may not be read by \(user.name): a start as root reads it, and each reload will be refused"
        let file = configuration.places.file
        let itself =
            user.mayRead(file) == false
            ? [
                """
                \(file) \(refused). Cure: chgrp \(user.group) \(file); chmod 640 \(file), and let \(user.name) pass through the folders \
                above it.
                """
            ] : []
        return itself
            + configuration.secretFiles.filter { user.mayRead($0.path) == false }.map { file in
                "\(file.key): \(file.path) \(refused). Cure: chown \(user.name) \(file.path)."
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
    /// - Returns: what is wrong; nil where nothing is.
    public static func checkResolver(
        _ configuration: Configuration, program: String = ownProgram, workerArguments: [String] = workerArguments
    ) async -> ConfigurationFault? {
        guard let loop = try? Loop(name: "check"), (try? loop.start()) != nil else { return nil }
        defer { loop.shutdown() }
        switch await Resolver.check(
            ResolverSettings(configuration.dns), program: program, arguments: workerArguments, on: loop)
        {
        case .good: return nil
        case .badOption(let option, let why):
            return configuration.fault(
                ConfigurationPlaces.path("dns.unbound", option.name), why,
                "Correct or remove the option, see unbound.conf(5)")
        case .badSettings(let why):
            return configuration.fault("dns", why, "Check root_trust_anchor, root_hints, forward and [dns.unbound]")
        case .notTried(let why):
            return configuration.fault("dns", "the settings could not be tried: \(why)", "")
        }
    }
}
