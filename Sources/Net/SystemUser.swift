import CLinux
import Glibc

/// A user of the system that this process may become, for good.
public struct SystemUser: Hashable, Sendable {
    public let name: String
    /// uid_t and gid_t.
    public let number: UInt32
    public let group: UInt32

    /// Octets of the database's answer beyond which a user is not read. Ours.
    static let entryLimit = 1 << 20

    /// Looks `name` up (getpwnam_r(3)); blocks.
    public init(named name: String) throws(SystemUserError) {
        guard !name.isEmpty, !name.utf8.contains(0) else { throw .unknown(name) }
        self.name = name
        var size = 1024
        while size <= Self.entryLimit {
            var entry = passwd()
            var found: UnsafeMutablePointer<passwd>?
            var buffer = [CChar](repeating: 0, count: size)
            let result = getpwnam_r(name, &entry, &buffer, buffer.count, &found)
            switch result {
            case 0:
                guard found != nil else { throw .unknown(name) }
                (number, group) = (entry.pw_uid, entry.pw_gid)
                return
            case ERANGE: size *= 4
            case EINTR: continue
            // getpwnam_r(3): > 0 or ENOENT or ESRCH or EBADF or EPERM or ...: The given name or uid was not found.
            case ENOENT, ESRCH: throw .unknown(name)
            default: throw .notRead(name, Errno(rawValue: result))
            }
        }
        throw .notRead(name, Errno(rawValue: ERANGE))
    }

    /// Gives up what this process was: all threads are this user from here on, with its groups, and none can be another
    /// again; nor does a program gain rights that is started by the calling thread, or by one that it makes from here on.
    /// Throws where anything of it is not so afterwards, in any thread: then the process must end.
    /// - Parameter more: a group that the user need not be a member of, to give files to it.
    public func become(in more: FileGroup? = nil) throws(SystemUserError) {
        guard number != 0 else { throw .isRoot(name) }
        do throws(Errno) {
            try Errno.check { initgroups(name, group) }
            if let more { try Self.join(more) }
            try Errno.check { setresgid(group, group, group) }
            try Errno.check { setresuid(number, number, number) }
            try Errno.check { waxwing_no_new_privileges() }
        } catch {
            throw .notBecome(name, error)
        }
        var users: (uid_t, uid_t, uid_t) = (0, 0, 0)
        var groups: (gid_t, gid_t, gid_t) = (0, 0, 0)
        guard getresuid(&users.0, &users.1, &users.2) == 0, users == (number, number, number),
            getresgid(&groups.0, &groups.1, &groups.2) == 0, groups == (group, group, group),
            setresuid(0, 0, 0) != 0
        else { throw .notBecome(name, Errno(rawValue: EPERM)) }
        let left: String?
        do throws(Errno) { left = try ThreadRights.stranger(to: number, group) } catch {
            throw .notChecked(name, error)
        }
        if let left { throw .threadLeft(name, left) }
    }
}

extension SystemUser {
    /// For who is looked up already.
    init(name: String, number: UInt32, group: UInt32) {
        (self.name, self.number, self.group) = (name, number, group)
    }

    /// Adds to the groups of this process.
    private static func join(_ more: FileGroup) throws(Errno) {
        var groups = try ProcessGroups.read()
        if groups.contains(more.number) { return }
        groups.append(more.number)
        try Errno.check { setgroups(groups.count, groups) }
    }
}

/// Why this process cannot be another user. Each text is one line for the operator.
public enum SystemUserError: Error, Hashable, Sendable, CustomStringConvertible {
    case unknown(String)
    case isRoot(String)
    case notRead(String, Errno)
    case notBecome(String, Errno)
    case notChecked(String, Errno)
    case threadLeft(String, String)

    public var description: String {
        switch self {
        case .unknown(let name):
            "there is no user \"\(name)\" on this machine: adduser --system --group --no-create-home \(name)"
        case .isRoot(let name): "the user \"\(name)\" is root: name one with few rights"
        case .notRead(let name, let error): "the user \"\(name)\" cannot be looked up: \(error)"
        case .notBecome(let name, let error): "this process cannot become the user \"\(name)\": \(error)"
        case .notChecked(let name, let error):
            "whether all threads have become the user \"\(name)\" cannot be read in /proc/self/task: \(error)"
        case .threadLeft(let name, let thread):
            "thread \(thread) has not become the user \"\(name)\": this is a fault of relayd, please tell its developers"
        }
    }
}
