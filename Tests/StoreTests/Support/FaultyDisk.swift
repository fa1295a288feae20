import GRDBSQLite
import Synchronization

/// A disk that counts syncs and fails on demand: SQLite's own file layer with two functions replaced, installed as the
/// default for the whole test process. Faults and counts belong to one folder, so that tests may run at the same time.
final class FaultyDisk: Sendable {
    private struct State {
        /// Syncs of the WAL.
        var walSyncs = 0
        var syncs = 0
        /// Syncs of the WAL that still succeed before one fails; nil for ever.
        var walSyncsBeforeFault: Int?
        var failsEverySync = false
        /// Writes to the WAL fail with SQLITE_FULL.
        var isFull = false
    }

    let folder: String
    private let state = Mutex(State())

    init(folder: String) {
        self.folder = folder
        _ = Self.isInstalled
        Self.disks.withLock { $0[folder] = self }
    }

    var syncs: Int { state.withLock { $0.syncs } }
    var walSyncs: Int { state.withLock { $0.walSyncs } }
    func failWALSync(after count: Int = 0) { state.withLock { $0.walSyncsBeforeFault = count } }
    func failEverySync(_ fails: Bool) { state.withLock { $0.failsEverySync = fails } }
    func setFull(_ isFull: Bool) { state.withLock { $0.isFull = isFull } }

    fileprivate func noteSync(isWAL: Bool) -> Bool {
        state.withLock { state in
            state.syncs += 1
            if state.failsEverySync { return false }
            guard isWAL else { return true }
            state.walSyncs += 1
            guard let left = state.walSyncsBeforeFault else { return true }
            state.walSyncsBeforeFault = left > 0 ? left - 1 : nil
            return left > 0
        }
    }

    fileprivate func mayWrite(isWAL: Bool) -> Bool { state.withLock { !(isWAL && $0.isFull) } }

    // MARK: - The shim

    private static let disks = Mutex<[String: FaultyDisk]>([:])
    /// Open files by the address of their `sqlite3_file`.
    private static let files = Mutex<[UInt: (disk: FaultyDisk, isWAL: Bool)]>([:])
    // nonisolated(unsafe): written once, before the shim is registered.
    nonisolated(unsafe) private static let base = sqlite3_vfs_find(nil)
    nonisolated(unsafe) private static var methods: [UInt: UnsafeMutablePointer<sqlite3_io_methods>] = [:]
    nonisolated(unsafe) private static var sync: (@convention(c) (UnsafeMutablePointer<sqlite3_file>?, CInt) -> CInt)?
    nonisolated(unsafe) private static var write:
        (@convention(c) (UnsafeMutablePointer<sqlite3_file>?, UnsafeRawPointer?, CInt, sqlite3_int64) -> CInt)?

    private static func file(_ file: UnsafeMutablePointer<sqlite3_file>?) -> (disk: FaultyDisk, isWAL: Bool)? {
        files.withLock { $0[UInt(bitPattern: file)] }
    }

    private static let isInstalled: Bool = {
        guard let base else { return false }
        let shim = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        shim.initialize(to: base.pointee)
        shim.pointee.xOpen = { vfs, name, file, flags, outFlags in
            guard let open = FaultyDisk.base?.pointee.xOpen else { return SQLITE_CANTOPEN }
            let result = open(vfs, name, file, flags, outFlags)
            if result == SQLITE_OK { FaultyDisk.opened(file, name.map { String(cString: $0) } ?? "") }
            return result
        }
        return sqlite3_vfs_register(shim, 1) == SQLITE_OK
    }()

    private static func opened(_ file: UnsafeMutablePointer<sqlite3_file>?, _ name: String) {
        let disk = disks.withLock { $0.first { name.hasPrefix($0.key + "/") }?.value }
        guard let file, let disk, let original = file.pointee.pMethods else { return }
        let table = files.withLock { files in
            files[UInt(bitPattern: file)] = (disk, name.hasSuffix("-wal"))
            if let table = methods[UInt(bitPattern: original)] { return table }
            let table = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
            table.initialize(to: original.pointee)
            sync = original.pointee.xSync
            write = original.pointee.xWrite
            table.pointee.xSync = { file, flags in
                guard let (disk, isWAL) = FaultyDisk.file(file), disk.noteSync(isWAL: isWAL) else {
                    return SQLITE_IOERR | (4 << 8)  // SQLITE_IOERR_FSYNC
                }
                return FaultyDisk.sync?(file, flags) ?? SQLITE_IOERR
            }
            table.pointee.xWrite = { file, bytes, count, offset in
                guard let (disk, isWAL) = FaultyDisk.file(file), disk.mayWrite(isWAL: isWAL) else {
                    return SQLITE_FULL
                }
                return FaultyDisk.write?(file, bytes, count, offset) ?? SQLITE_IOERR
            }
            methods[UInt(bitPattern: original)] = table
            return table
        }
        file.pointee.pMethods = UnsafePointer(table)
    }
}
