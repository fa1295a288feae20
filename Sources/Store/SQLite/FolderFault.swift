import Glibc

/// Why a folder or a file of the store is refused: a symbolic link, another owner, or a mode that lets others in, for what is in there are
/// people's letters.
public struct FolderFault: Hashable, Sendable {
    enum Reason: Hashable, Sendable {
        case unseen(Errno)
        case link
        case wrongKind
        case foreign(owner: UInt32, user: UInt32)
        case open(mode: UInt32)
        /// Its owner may not write to it.
        case closed(mode: UInt32)
    }

    public let path: String
    let isFolder: Bool
    let reason: Reason

    /// nil where `path` is a folder, or a file, that `user` can keep letters in.
    init?(_ path: String, isFolder: Bool, for user: UInt32) {
        var status = stat()
        let reason: Reason
        let needed: mode_t = isFolder ? 0o700 : 0o600
        if lstat(path, &status) != 0 {
            reason = .unseen(.last)
        } else if status.st_mode & S_IFMT == S_IFLNK {
            reason = .link
        } else if status.st_mode & S_IFMT != (isFolder ? S_IFDIR : S_IFREG) {
            reason = .wrongKind
        } else if status.st_uid != user {
            reason = .foreign(owner: status.st_uid, user: user)
        } else if status.st_mode & 0o077 != 0 {
            reason = .open(mode: status.st_mode & 0o777)
        } else if status.st_mode & needed != needed {
            reason = .closed(mode: status.st_mode & 0o777)
        } else {
            return nil
        }
        self.path = path
        self.isFolder = isFolder
        self.reason = reason
    }

    /// The end of a sentence that begins with ``path``.
    public var problem: String {
        switch reason {
        case .unseen(let error): "cannot be looked at: \(error)"
        case .link: "is a symbolic link"
        case .wrongKind: isFolder ? "is no folder" : "is no file"
        case .foreign(let owner, let user): "belongs to user \(owner), and relayd runs as user \(user)"
        case .open(let mode): "lets others in (mode \(String(mode, radix: 8)))"
        case .closed(let mode): "does not let relayd write (mode \(String(mode, radix: 8)))"
        }
    }

    /// What to do, as a sentence without its full stop.
    public var cure: String {
        switch reason {
        case .unseen: "Let the user of relayd pass through the folders above it"
        case .link: isFolder ? "Name the folder that it leads to" : "Put the file itself in its place"
        case .wrongKind: "Move it out of the way"
        case .foreign(_, let user): "Say chown \(user) \(path)"
        case .open, .closed: "Say chmod \(rightMode) \(path)"
        }
    }

    /// Both, as the store says it where it is opened.
    var why: String {
        switch reason {
        case .unseen(let error): "\(error)"
        case .link: "it is a symbolic link"
        case .wrongKind: isFolder ? "it is no folder" : "it is no file"
        case .foreign(let owner, let user):
            "it belongs to user \(owner), this program runs as user \(user): chown \(user) it, or start as its owner"
        case .open(let mode): "mode \(String(mode, radix: 8)) lets others in: chmod \(rightMode)"
        case .closed(let mode): "mode \(String(mode, radix: 8)) does not let this program write"
        }
    }

    private var rightMode: String { isFolder ? "0700" : "0600" }
}

extension SQLiteStore {
    /// The first that ``open(directory:now:options:)`` would refuse of the folder and of what lies in it, by kinds, owners and modes; nil
    /// where there is nothing, or no such folder. Nothing is made, opened or locked.
    /// - Parameter user: who will open it; nil for whoever owns the folder.
    public static func folderFault(in directory: String, for user: UInt32?) -> FolderFault? {
        var status = stat()
        guard lstat(directory, &status) == 0 else { return nil }
        let user = user ?? status.st_uid
        if let fault = FolderFault(directory, isFolder: true, for: user) { return fault }
        let spool = "\(directory)/\(Spool.folder)"
        let parts: [(path: String, isFolder: Bool)] = [
            ("\(directory)/\(StoreFolder.lock)", false), (spool, true), ("\(spool)/\(Spool.asideFolder)", true),
            ("\(directory)/\(StoreFolder.database)", false), ("\(directory)/\(JournalFile.name)", false),
        ]
        for part in parts where StoreFolder.holds(part.path) {
            if let fault = FolderFault(part.path, isFolder: part.isFolder, for: user) { return fault }
        }
        return nil
    }
}
