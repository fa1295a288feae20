import Glibc
import Logging
import Mail
import Net

/// What a start as root is for, and its end: ports below 1024 are bound, keys are read, folders are there; then relayd is a user with few rights,
/// for good.
enum Rights {
    /// Ports from here on need no right (ip(7), `ip_unprivileged_port_start` by default).
    private static let firstFreePort: UInt16 = 1024

    /// A point that only a start as root can listen on.
    static func isForRoot(_ point: ListenPoint) -> Bool { lowAddress(of: point) != nil }

    private static func lowAddress(of point: ListenPoint) -> SocketAddress? {
        guard case .address(let address) = point, let port = address.port, (1..<firstFreePort).contains(port) else {
            return nil
        }
        return address
    }

    /// Who relayd becomes, where that is known and is not who calls.
    static func heir(of configuration: Configuration) -> SystemUser? {
        guard geteuid() == 0, let name = configuration.server.user, let user = try? SystemUser(named: name) else {
            return nil
        }
        return user.number == 0 ? nil : user
    }

    /// To be called when keys have been read, and before there is a queue or a thread of ours that is not ready for it.
    /// - Returns: whether this process was root, and is a user for good now.
    static func giveUp(_ configuration: Configuration, _ inherited: InheritedSockets, _ log: Logger)
        throws(ServiceError) -> Bool
    {
        guard geteuid() == 0 else { return false }
        guard let name = configuration.server.user else {
            log.event(
                .warning,
                LogLine("runs-as-root")
                    .with("cure", "set server.user, or have the service manager start it as a user of its own"))
            return false
        }
        let user: SystemUser
        do throws(SystemUserError) { user = try SystemUser(named: name) } catch {
            // It may be there a moment later.
            if case .notRead = error { throw ServiceError.system("server.user: \(error)") }
            throw ServiceError.user("\(error)")
        }
        for point in configuration.intake.points {
            guard let address = lowAddress(of: point) else { continue }
            do throws(Errno) { try inherited.open(address, named: "\(point)") } catch {
                throw ServiceError.listen(configuration.fault(IntakeServer.ListenError(point, error)))
            }
        }
        try makeFolders(configuration, for: user)
        do throws(SystemUserError) { try user.become(in: group(configuration)) } catch {
            throw ServiceError.user("\(error)")
        }
        // Whoever becomes another user may be dumped again, as the system has it by default (prctl(2)).
        CoreFiles.forbid()
        log.event(.notice, LogLine("rights-given-up").with("user", user.name))
        return true
    }

    /// Those of the control sockets: /run is empty after each start of the machine. The queue's folder is not made: one that is gone is a
    /// disk that is not mounted, and an empty queue in its place would hide the mail on it.
    /// - Parameter user: whose they are to be; nil for those of this process.
    static func makeFolders(_ configuration: Configuration, for user: SystemUser? = nil) throws(ServiceError) {
        for folder in configuration.ownFolders { try makeFolder(folder, of: user) }
    }

    /// The socket for questions is made when relayd is the user, who may give it to no group but those it is in.
    private static func group(_ configuration: Configuration) -> FileGroup? {
        guard let name = configuration.control.readGroup, configuration.control.readSocket != nil else { return nil }
        // One that is not there is told of when the socket is made.
        return try? FileGroup(named: name)
    }

    /// Others may pass: the socket for questions may be for another group, and each socket has a mode of its own.
    private static let folderMode: mode_t = 0o711

    /// One that is not there is made, for the user where there is to be another; one that is there is left as it is, and judged by
    /// whoever uses it, as is one that cannot be made.
    private static func makeFolder(_ path: String, of user: SystemUser?) throws(ServiceError) {
        guard mkdir(path, folderMode) == 0 else { return }
        // What was made, and no link that somebody has put there since.
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        defer { if folder >= 0 { close(folder) } }
        guard folder >= 0, fchmod(folder, folderMode) == 0,
            user.map({ fchown(folder, $0.number, $0.group) == 0 }) ?? true
        else {
            let why = Errno(rawValue: errno)
            throw ServiceError.system("\(path) was made and cannot be given to \(user?.name ?? "relayd"): \(why)")
        }
    }
}
