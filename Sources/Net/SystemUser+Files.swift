import CLinux
import Glibc

/// What can be done with a file, in the bits of one digit of its mode.
public struct FileAccess: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public static let read = FileAccess(rawValue: 4)
    public static let write = FileAccess(rawValue: 2)
    /// Of a folder: to pass through it.
    public static let execute = FileAccess(rawValue: 1)
}

extension SystemUser {
    /// Whether the user may read a file: ``may(_:_:)``.
    public func mayRead(_ path: String) -> Bool? { may(.read, path) }

    /// Its own group, or one that it is a member of. Blocks.
    public func isMember(of group: FileGroup) -> Bool { groups.contains(group.number) }

    /// Whether the user may do all of this with a file, by the owner, the group and the mode of it and of every folder on the way,
    /// also where a link leads. Nil where that is not to be known: the caller does not see the file, or something on the way has
    /// an access list of its own. Blocks.
    public func may(_ wanted: FileAccess, _ path: String) -> Bool? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        let groups = groups
        for folder in Set(Self.folders(above: path) + Self.folders(above: String(cString: resolved))) {
            guard let isOpen = allows(.execute, folder, groups) else { return nil }
            if !isOpen { return false }
        }
        return allows(wanted, path, groups)
    }

    /// Nil where modes alone do not say it.
    private func allows(_ wanted: FileAccess, _ path: String, _ groups: [gid_t]) -> Bool? {
        var status = stat()
        guard stat(path, &status) == 0, getxattr(path, Self.accessList, nil, 0) <= 0 else { return nil }
        // acl(5), ACCESS CHECK ALGORITHM: the owner's bits are the owner's alone, be those of others wider.
        let shift: mode_t = status.st_uid == number ? 6 : groups.contains(status.st_gid) ? 3 : 0
        return FileAccess(rawValue: status.st_mode >> shift & 0o7).isSuperset(of: wanted)
    }

    /// As Linux keeps it (acl(5)).
    private static let accessList = "system.posix_acl_access"

    /// `/`, `/etc`, `/etc/waxwing` of `/etc/waxwing/file`.
    private static func folders(above path: String) -> [String] {
        path.indices.filter { path[$0] == "/" }.map { $0 == path.startIndex ? "/" : String(path[..<$0]) }
    }

    /// Its own group and those it is a member of (getgrouplist(3)), 1,024 at most. Ours.
    private var groups: [gid_t] {
        var count: CInt = 1024
        var found = [gid_t](repeating: 0, count: Int(count))
        guard getgrouplist(name, group, &found, &count) >= 0 else { return [group] }
        return Array(found.prefix(Int(max(0, count))))
    }
}
