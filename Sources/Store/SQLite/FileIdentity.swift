import Glibc

/// Which file is at a path, whatever it holds.
struct FileIdentity: Equatable {
    private let device: UInt
    private let inode: UInt

    /// Nil where there is none.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
    }
}
