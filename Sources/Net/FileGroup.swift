import CLinux
import Glibc

/// A group of the system that the file of a Unix socket is given to.
public struct FileGroup: Hashable, Sendable {
    public let name: String
    /// Its number (gid_t).
    public let number: UInt32

    /// Octets of the database's answer, members included, beyond which a group is not read. Ours.
    static let entryLimit = 1 << 20

    /// Looks `name` up (getgrnam_r(3)); blocks. Throws where there is no such group, or where this process is not in it: only
    /// root may give files to others.
    public init(named name: String) throws(FileGroupError) {
        guard !name.isEmpty, !name.utf8.contains(0) else { throw .unknown(name) }
        self.name = name
        number = try Self.lookUp(name)
        guard geteuid() == 0 || Self.isMember(of: number) else { throw .notMember(name) }
    }

    private static func lookUp(_ name: String) throws(FileGroupError) -> UInt32 {
        var size = 1024
        while size <= entryLimit {
            var entry = group()
            var found: UnsafeMutablePointer<group>?
            var buffer = [CChar](repeating: 0, count: size)
            let result = getgrnam_r(name, &entry, &buffer, buffer.count, &found)
            switch result {
            case 0:
                guard found != nil else { throw .unknown(name) }
                return entry.gr_gid
            case ERANGE:
                size *= 4
            case EINTR:
                continue
            case ENOENT, ESRCH:
                // getgrnam_r(3): > EPERM, 0, ENOENT, ESRCH, EBADF …: The given name or gid was not found.
                throw .unknown(name)
            default:
                throw .notRead(name, Errno(rawValue: result))
            }
        }
        throw .notRead(name, Errno(rawValue: ERANGE))
    }

    private static func isMember(of number: gid_t) -> Bool {
        getegid() == number || (try? ProcessGroups.read())?.contains(number) == true
    }
}

/// Why a group cannot be used. Each text is one line for the operator.
public enum FileGroupError: Error, Hashable, Sendable, CustomStringConvertible {
    case unknown(String)
    case notMember(String)
    case notRead(String, Errno)

    public var description: String {
        switch self {
        case .unknown(let name):
            "there is no group \"\(name)\" on this machine"
        case .notMember(let name):
            "this process is not in the group \"\(name)\" and may not give a file to it: add SupplementaryGroups=\(name) and "
                + "PrivateUsers=no to its unit"
        case .notRead(let name, let error):
            "the group \"\(name)\" cannot be looked up: \(error)"
        }
    }
}
