import Glibc

/// What each thread of this process may do: to Linux users and capabilities are of a thread, not of a process (capabilities(7)).
///
/// setresuid(3) of glibc sets them in all threads but those that are ending, and a main thread that has called
/// pthread_exit(3), as dispatchMain() does, is ending for as long as the process lives.
enum ThreadRights {
    /// Octets of one thread's status that are read. It has some 1,500.
    private static let statusLimit = 8192

    /// The first thread that is another user, of another group, or has a capability left; nil where there is none.
    static func stranger(to user: UInt32, _ group: UInt32) throws(Errno) -> String? {
        guard let folder = opendir("/proc/self/task") else { throw Errno(rawValue: errno) }
        defer { closedir(folder) }
        var checked = 0
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !name.hasPrefix(".") else { continue }
            // A thread that has ended meanwhile may do nothing any more.
            guard let status = try status(of: name) else { continue }
            if !isOnly(user, group, status: status) { return name }
            checked += 1
        }
        // This thread at least is there: a folder without it shows nothing.
        if checked == 0 { throw Errno(rawValue: ENOENT) }
        return nil
    }

    private static func status(of thread: String) throws(Errno) -> String? {
        let file = open("/proc/self/task/\(thread)/status", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT || errno == ESRCH { return nil }
            throw Errno(rawValue: errno)
        }
        defer { close(file) }
        var text = [UInt8](repeating: 0, count: statusLimit)
        let count = read(file, &text, text.count)
        guard count >= 0 else {
            if errno == ESRCH { return nil }
            throw Errno(rawValue: errno)
        }
        return String(decoding: text.prefix(count), as: UTF8.self)
    }

    /// Whether `status` (proc_pid_status(5)) says that all of a thread's users and groups are these, and that it has no capability
    /// now and can take none.
    static func isOnly(_ user: UInt32, _ group: UInt32, status: String) -> Bool {
        var found: [Substring: [Substring]] = [:]
        for line in status.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            found[line[..<colon]] = line[line.index(after: colon)...].split(whereSeparator: \.isWhitespace)
        }
        func hasNone(_ set: Substring) -> Bool {
            found[set].map { $0.count == 1 && UInt64($0[0], radix: 16) == 0 } ?? false
        }
        func are(_ kind: Substring, _ number: UInt32) -> Bool {
            found[kind].map { $0.count == 4 && $0.allSatisfy { UInt32($0) == number } } ?? false
        }
        return are("Uid", user) && are("Gid", group) && hasNone("CapEff") && hasNone("CapPrm")
    }
}
