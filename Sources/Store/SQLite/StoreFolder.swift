import Glibc

/// The folder of the store: who may own it, who may see into it, and who has it now.
enum StoreFolder {
    static let database = "queue.db"
    static let lock = "lock"

    /// What is held open for the life of the process.
    struct Opened {
        /// The folder.
        let directory: CInt
        /// The lock file, locked.
        let lock: CInt
        let spool: CInt
        let aside: CInt
    }

    /// Checks and makes the folders, and takes the lock. Nothing is changed in a folder whose lock another one holds.
    static func open(_ path: String) throws(StoreOpenError) -> Opened {
        if mkdir(path, 0o700) != 0 && errno != EEXIST { throw refused(path, "it cannot be made: \(Errno.last)") }
        try check(path, isFolder: true)
        let directory = try descriptor(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, path)
        do throws(StoreOpenError) {
            let lock = try takeLock(path)
            do throws(StoreOpenError) {
                let spool = try folder(Spool.folder, in: directory, path: "\(path)/\(Spool.folder)")
                do throws(StoreOpenError) {
                    let aside = try folder(
                        Spool.asideFolder, in: spool, path: "\(path)/\(Spool.folder)/\(Spool.asideFolder)")
                    do throws(StoreOpenError) {
                        try makeDatabaseFile("\(path)/\(database)")
                        return Opened(directory: directory, lock: lock, spool: spool, aside: aside)
                    } catch {
                        _ = close(aside)
                        throw error
                    }
                } catch {
                    _ = close(spool)
                    throw error
                }
            } catch {
                releaseLock(lock)
                throw error
            }
        } catch {
            _ = close(directory)
            throw error
        }
    }

    /// Whether something of that name is there, a link that leads nowhere too.
    static func holds(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    static func check(_ path: String, isFolder: Bool) throws(StoreOpenError) {
        if let fault = FolderFault(path, isFolder: isFolder, for: geteuid()) { throw refused(path, fault.why) }
    }

    private static func takeLock(_ path: String) throws(StoreOpenError) -> CInt {
        let name = "\(path)/\(lock)"
        if holds(name) { try check(name, isFolder: false) }
        let descriptor = try descriptor(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, name)
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let error = Errno.last
            _ = close(descriptor)
            throw error.code == EWOULDBLOCK ? .inUse(path: path) : refused(name, "it cannot be locked: \(error)")
        }
        return descriptor
    }

    /// Gives the lock back, also where a child process that was forked and has not yet executed still holds a copy of the
    /// descriptor: to close ours alone would leave the store locked until then (flock(2)).
    static func releaseLock(_ descriptor: CInt) {
        _ = flock(descriptor, LOCK_UN)
        _ = close(descriptor)
    }

    private static func folder(_ name: String, in parent: CInt, path: String) throws(StoreOpenError) -> CInt {
        if mkdirat(parent, name, 0o700) == 0 {
            _ = fsync(parent)
        } else if errno != EEXIST {
            throw refused(path, "it cannot be made: \(Errno.last)")
        }
        try check(path, isFolder: true)
        return try descriptor(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, path)
    }

    // Made here and closed before SQLite opens it: closing it later would drop SQLite's POSIX locks.
    static func makeDatabaseFile(_ path: String) throws(StoreOpenError) {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
            _ = close(descriptor)
        } else if errno != EEXIST {
            throw refused(path, "it cannot be made: \(Errno.last)")
        }
        try check(path, isFolder: false)
    }

    private static func descriptor(_ path: String, _ flags: CInt, _ name: String) throws(StoreOpenError) -> CInt {
        do throws(Errno) {
            return try call { Glibc.open(path, flags, 0o600) }
        } catch {
            throw refused(name, "it cannot be opened: \(error)")
        }
    }

    private static func refused(_ path: String, _ why: String) -> StoreOpenError {
        .refused(path: path, why: why)
    }
}
