import Glibc

extension UsersFile {
    /// Changes the file: the new one stands under its name only when it is whole and on the disk. Owner, group and mode stay
    /// as they are; a new file is its owner's alone. Who changes the file at the same time waits.
    ///
    /// - Parameter change: gets an empty file where there is none.
    /// - Returns: what `change` does, and whether the file is new.
    public static func change<Value, Refusal: Error>(
        _ path: String, _ change: (inout UsersFile) throws(Refusal) -> Value
    ) throws -> (value: Value, isNew: Bool) {
        let path = target(of: path)
        let (folder, name) = parts(of: path)
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else {
            throw UsersFileFault(
                path: path, problem: "its folder \(folder) cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(directory) }
        // Of the folder: the file itself is another one after each change. close(2) ends it.
        while flock(directory, LOCK_EX) != 0 {
            guard errno == EINTR else { throw UsersFileFault(path: path, code: errno, verb: "locked") }
        }
        var file = UsersFile()
        var old: stat?
        do throws(UsersFileFault) {
            file = try load(path)
            var status = stat()
            guard fstatat(directory, name, &status, 0) == 0 else {
                throw UsersFileFault(path: path, code: errno, verb: "looked at")
            }
            old = status
        } catch {
            guard error.isAbsent else { throw error }
        }
        let value = try change(&file)
        try write(file.octets, directory, name, path, like: old)
        return (value, old == nil)
    }

    /// Where a link leads; the path itself where there is nothing yet.
    private static func target(of path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    private static func parts(of path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = path[..<slash]
        return (folder.isEmpty ? "/" : String(folder), String(path[path.index(after: slash)...]))
    }

    private static func write(
        _ octets: [UInt8], _ directory: CInt, _ name: String, _ path: String, like old: stat?
    ) throws(UsersFileFault) {
        let temporary = ".\(name).\(UInt64.random(in: 0...UInt64.max))"
        let file = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw UsersFileFault(path: path, code: errno, verb: "written") }
        do throws(UsersFileFault) {
            do throws(UsersFileFault) {
                try fill(file, octets, path, like: old)
            } catch {
                close(file)
                throw error
            }
            guard close(file) == 0, renameat(directory, temporary, directory, name) == 0, fsync(directory) == 0 else {
                throw UsersFileFault(path: path, code: errno, verb: "written")
            }
        } catch {
            unlinkat(directory, temporary, 0)
            throw error
        }
    }

    private static func fill(
        _ file: CInt, _ octets: [UInt8], _ path: String, like old: stat?
    ) throws(UsersFileFault) {
        var rest = octets[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw UsersFileFault(path: path, code: count == 0 ? ENOSPC : errno, verb: "written")
            }
            rest = rest.dropFirst(count)
        }
        if let old {
            var status = stat()
            guard fstat(file, &status) == 0 else { throw UsersFileFault(path: path, code: errno, verb: "written") }
            if status.st_uid != old.st_uid || status.st_gid != old.st_gid {
                guard fchown(file, old.st_uid, old.st_gid) == 0 else {
                    throw UsersFileFault(
                        path: path,
                        problem: "it belongs to another user or group, and would not any more; do this as root")
                }
            }
        }
        guard fchmod(file, old.map { $0.st_mode & 0o7777 } ?? 0o600) == 0, fsync(file) == 0 else {
            throw UsersFileFault(path: path, code: errno, verb: "written")
        }
    }
}
