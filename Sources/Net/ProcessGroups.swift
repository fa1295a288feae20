import Glibc

/// The groups that this process is in besides its own.
enum ProcessGroups {
    /// As getgroups(2) has them, in its order.
    static func read() throws(Errno) -> [gid_t] {
        let count = try Errno.check { getgroups(0, nil) }
        var groups = [gid_t](repeating: 0, count: Int(count))
        let filled = try Errno.check { getgroups(count, &groups) }
        return Array(groups.prefix(Int(filled)))
    }
}
