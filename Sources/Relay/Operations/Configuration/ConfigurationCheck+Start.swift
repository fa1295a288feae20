import Glibc
import Net

// What only a start asks of this machine, since it lasts as long as relayd runs: its user, its sockets, their folders and groups.
extension Configuration {
    /// - Parameter isRoot: whether the start is root's.
    func checkStart(files: FileSurvey, isRoot: Bool = geteuid() == 0) -> [ConfigurationFault] {
        (isRoot ? userFaults() : [])
            + socketFaults(files).filter { isRoot || !$0.isOfOthers }.map(\.fault) + checkGroups()
    }

    /// What a start goes on without, and what somebody else may still put right before it; sentences for `relayd --check`.
    func startWarnings(files: FileSurvey? = nil, isRoot: Bool = geteuid() == 0) -> [String] {
        let files = files ?? survey
        let awaited = isRoot ? [] : socketFaults(files).filter(\.isOfOthers).map(\.fault)
        // Who is not root stays who he is.
        return ((isRoot ? [] : userFaults()) + awaited + commandFaults(files)).map(\.description)
    }

    private func userFaults() -> [ConfigurationFault] {
        guard let name = server.user else { return [] }
        do throws(SystemUserError) {
            if try SystemUser(named: name).number == 0 { throw .isRoot(name) }
            return []
        } catch .notRead {
            // It may be there a moment later: the start asks again, and says so.
            return []
        } catch {
            return [fault("server.user", "\(error)", "")]
        }
    }

    /// Folders that are made at start where only they are missing: ``Rights``.
    var ownFolders: Set<String> {
        Set([control.socket, control.readSocket].compactMap { $0.map { FileSurvey.folder(of: $0) } })
    }

    /// A Unix socket that cannot be made where it is to be.
    private struct SocketFault {
        let path: String
        let problem: FileSurvey.Problem
        let fault: ConfigurationFault

        /// What is below /run is gone with each start of the machine: a service manager makes it anew for a user who
        /// could not (RuntimeDirectory=), and takes it away when relayd has stopped; the folder of a client's socket is
        /// another service's. Where it is not there then, the start says so. Root has nobody to wait for.
        var isOfOthers: Bool {
            guard path.hasPrefix("/run/") else { return false }
            return switch problem {
            case .unmakeable, .folder(.absence): true
            default: false
            }
        }
    }

    private func socketFaults(_ files: FileSurvey) -> [SocketFault] { controlFaults(files) + doorFaults(files) }

    private func controlFaults(_ files: FileSurvey) -> [SocketFault] {
        let sockets: [(String, String?)] = [
            ("control.socket", control.socket), ("control.read_socket", control.readSocket),
        ]
        return sockets.compactMap { key, path in
            guard let path, let problem = files.problem(path, .ownSocket) else { return nil }
            return socketFault(key, path, problem)
        }
    }

    private func socketFault(_ key: String, _ path: String, _ problem: FileSurvey.Problem) -> SocketFault {
        let cure = Self.cure(of: problem, path) ?? Self.cure(ofSocket: path, problem)
        return SocketFault(path: path, problem: problem, fault: fault(key, "\(path) \(problem)", cure))
    }

    private static func cure(ofSocket path: String, _ problem: FileSurvey.Problem) -> String {
        let folder = FileSurvey.folder(of: path)
        return switch problem {
        case .inTheWay: "Remove it, or choose another path"
        case .unmakeable:
            "Create \(folder) and give it to the user of relayd, or have the service manager make it (RuntimeDirectory=)"
        default: "Create \(folder) and give it to the user of relayd"
        }
    }

    /// Unix sockets of the intake.
    private func doorFaults(_ files: FileSurvey) -> [SocketFault] {
        locatedPoints.compactMap { key, point in
            guard case .unix(let path) = point, let problem = files.problem(path, .socket) else { return nil }
            let folder = FileSurvey.folder(of: path)
            // It will be there, or is told of by the key of the control socket.
            if ownFolders.contains(folder), files.problem(folder, .writableDirectory) == .absence { return nil }
            return socketFault(key, path, problem)
        }
    }

    /// Groups that sockets are given to.
    private func checkGroups() -> [ConfigurationFault] {
        var faults: [ConfigurationFault] = []
        let heir = Rights.heir(of: self)
        let joined = control.readSocket == nil ? nil : control.readGroup
        if let joined { faults += groupFault(joined, "control.read_group", heir: nil) }
        for (index, listener) in intake.listeners.enumerated() {
            guard let name = listener.socketGroup, listener.hasUnixSocket else { continue }
            // Whoever becomes another user is in the group of the control socket as well.
            faults += groupFault(name, "intake.listener[\(index)].socket_group", heir: name == joined ? nil : heir)
        }
        return faults
    }

    private func groupFault(_ name: String, _ key: String, heir: SystemUser?) -> [ConfigurationFault] {
        do throws(FileGroupError) {
            let group = try FileGroup(named: name)
            guard let heir, !heir.isMember(of: group) else { return [] }
            return [
                fault(
                    key, "\(heir.name) is not in the group \"\(name)\" and may not give a file to it",
                    "Say adduser \(heir.name) \(name)")
            ]
        } catch .unknown(let name) {
            let cure = "Name one that getent group shows, or make it: addgroup --system \(name)"
            return [fault(key, "\(FileGroupError.unknown(name))", cure)]
        } catch .notRead {
            // It may be there a moment later: the start asks again, and says so.
            return []
        } catch {
            return [fault(key, "\(error)", "")]
        }
    }

    /// Mail goes on without `alarm.command`, and alarms are in the log all the same.
    private func commandFaults(_ files: FileSurvey) -> [ConfigurationFault] {
        guard let program = alarm.command.first, let problem = files.problem(program, .program) else { return [] }
        return [
            fault(
                "alarm.command[0]", "\(program) \(problem)",
                "Correct the path, or let the user of relayd execute it (chmod 755)")
        ]
    }
}
