import Glibc

extension SQLiteStore {
    /// Writes a file that stands under its name only when it is whole and synced, on the threads that write content. Where one
    /// of that name is there, it is replaced.
    ///
    /// - Parameter folder: it must be there; who may write to it is the operator's affair.
    public func writeFile(_ octets: [UInt8], named name: String, in folder: String) async throws(StoreError) {
        let temporary = ".\(name).\(UInt64.random(in: 0...UInt64.max))"
        try await spool.pool.run {
            do throws(Errno) {
                try WholeFile.write(octets, named: name, by: temporary, in: folder)
                return .success(())
            } catch {
                return .failure(error.storeError("writing \(folder)/\(name)"))
            }
        }
    }
}

/// The steps of a file that appears whole or not at all. They block.
enum WholeFile {
    static func write(
        _ octets: [UInt8], named name: String, by temporary: String, in folder: String
    ) throws(Errno) {
        let directory = try call { open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        defer { close(directory) }
        // Not a link, not a pipe, nothing of somebody else's.
        let file = try call {
            openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o640)
        }
        do throws(Errno) {
            do throws(Errno) {
                try fill(file, octets)
            } catch {
                close(file)
                throw error
            }
            if close(file) != 0 { throw Errno.last }
            _ = try call { renameat(directory, temporary, directory, name) }
            if fsync(directory) != 0 { throw Errno.last }
        } catch {
            unlinkat(directory, temporary, 0)
            throw error
        }
    }

    private static func fill(_ file: CInt, _ octets: [UInt8]) throws(Errno) {
        var offset = 0
        while offset < octets.count {
            let written = octets.withUnsafeBytes {
                Glibc.write(file, $0.baseAddress.map { $0 + offset }, $0.count - offset)
            }
            if written > 0 {
                offset += written
            } else if written == 0 {
                throw Errno(code: ENOSPC)
            } else if errno != EINTR {
                throw Errno.last
            }
        }
        if fsync(file) != 0 { throw Errno.last }
    }
}
