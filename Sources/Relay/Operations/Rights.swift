import Glibc
import Logging
import Mail
import Net

/// What a start as root is for, and its end: ports below 1024 are bound, keys are read, folders are there; then relayd is a user with few rights,
/// for good.
enum Rights {
    /// Ports from here on need no right (ip(7), `ip_unprivileged_port_start` by default).
    private static let firstFreePort: UInt16 = 1024

    /// To be called when keys have been read, and before there is a queue or a thread of ours that is not ready for it.
    static func giveUp(_ configuration: Configuration, _ inherited: InheritedSockets, _ log: Logger)
        throws(ServiceError)
    {
        guard geteuid() == 0 else { return }
        guard let name = configuration.server.user else {
            log.event(
                .warning,
                LogLine("runs-as-root")
                    .with("cure", "set server.user, or have the service manager start it as a user of its own"))
            return
        }
        let user: SystemUser
        do throws(SystemUserError) { user = try SystemUser(named: name) } catch {
            throw ServiceError.user("\(error)")
        }
        for point in configuration.intake.points {
            guard case .address(let address) = point, let port = address.port, (1..<firstFreePort).contains(port) else {
                continue
            }
            do throws(Errno) { try inherited.open(address, named: "\(point)") } catch {
                throw ServiceError.listen("\(point)", "\(error)")
            }
        }
        try makeFolder(configuration.store.directory, mode: 0o700, of: user)
        // Others may pass: the socket for questions may be for another group, and each socket has a mode of its own.
        for socket in [configuration.control.socket, configuration.control.readSocket].compactMap(\.self) {
            try makeFolder(folder(of: socket), mode: 0o711, of: user)
        }
        do throws(SystemUserError) { try user.become(in: group(configuration)) } catch {
            throw ServiceError.user("\(error)")
        }
        // Whoever becomes another user may be dumped again, as the system has it by default (prctl(2)).
        CoreFiles.forbid()
        log.event(.notice, LogLine("rights-given-up").with("user", user.name))
    }

    /// The socket for questions is made when relayd is the user, who may give it to no group but those it is in.
    private static func group(_ configuration: Configuration) -> FileGroup? {
        guard let name = configuration.control.readGroup, configuration.control.readSocket != nil else { return nil }
        // One that is not there is told of when the socket is made.
        return try? FileGroup(named: name)
    }

    /// One that is not there is made for the user; one that is there is left as it is, and judged by whoever uses it.
    private static func makeFolder(_ path: String, mode: mode_t, of user: SystemUser) throws(ServiceError) {
        guard !path.isEmpty, mkdir(path, mode) == 0 else { return }
        // What was made, and no link that somebody has put there since.
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        defer { if folder >= 0 { close(folder) } }
        guard folder >= 0, fchmod(folder, mode) == 0, fchown(folder, user.number, user.group) == 0 else {
            throw ServiceError.user("\(path) cannot be given to \(user.name): \(Errno(rawValue: errno))")
        }
    }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }
}
