import GRDB
import Glibc

/// A write that is tried for its own sake.
extension SQLiteStore {
    /// The file that is written for it, and removed at once.
    static let proofFile = "write-test"

    /// What keeps the store from being written; nil where nothing is known to, and before ``proveWriting()`` has looked.
    public var writeFault: WriteFault? { spool.faults.standing }

    /// Where a write has failed since the last one that worked: tries whether the disk takes a small one, in a file of its own and in the
    /// database. Costs nothing while all goes well.
    public func proveWriting() async {
        let faults = spool.faults
        guard let doubt = faults.doubt else { return }
        let name = "\(path)/\(Self.proofFile)"
        do throws(StoreError) {
            try await spool.pool.run { () -> Result<Void, StoreError> in
                do throws(Errno) { return .success(try Self.proveFile(name)) } catch {
                    return .failure(error.storeError("writing \(name)"))
                }
            }
            try await writer.perform(urgently: false, weight: 0) { db, _ in
                // Another value each time: SQLite writes no page that stays as it is.
                try Fact.writesProved.set((Fact.writesProved.value(db) ?? 0) &+ 1, db)
            }
            faults.prove(doubt, nil)
        } catch {
            // A store that has too much to do, or is closed, says nothing of its disk.
            if error.isOfDisk { faults.prove(doubt, error) }
        }
    }

    /// Blocks.
    private static func proveFile(_ name: String) throws(Errno) {
        // What a crash has left of it.
        _ = unlink(name)
        let descriptor = try call {
            Glibc.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        defer {
            _ = Glibc.close(descriptor)
            _ = unlink(name)
        }
        let bytes = [UInt8](repeating: 0x77, count: 4096)
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count < 0 { throw Errno.last }
        if count < bytes.count { throw Errno(code: ENOSPC) }
        if fsync(descriptor) != 0 { throw Errno.last }
    }
}
