extension FileSurvey {
    /// What is wrong with a path. Code decides by the case; the words end a sentence that begins with the path.
    public indirect enum Problem: Hashable, Sendable, CustomStringConvertible {
        /// Nothing of that name is there.
        case absence
        /// What is there is no socket, and a socket is to be made.
        case inTheWay
        /// It is there, and closed to that user.
        case unreadable(by: String)
        /// It belongs to another user, and is closed to this one, who is named as chown(1) takes it.
        case foreign(owner: UInt32, user: String)
        /// It is that user's own folder, or nobody knows better, and is closed to them.
        case unwritable(by: String)
        /// Nobody here can tell what is there, for the reason given.
        case unseen(String)
        /// What is to be a folder is something else.
        case noFolder
        /// A folder that nobody can write to, whatever its rights are.
        case readOnly
        /// A socket's folder is not there, and relayd cannot make it.
        case unmakeable
        /// It is a socket's folder that has the problem.
        case folder(Problem)
        /// Nothing depends on what it is.
        case other(String)

        public var description: String {
            switch self {
            case .absence: "does not exist"
            case .inTheWay: "is there already, and is no socket"
            case .unreadable(let user): "may not be read by \(user)"
            case .foreign(let owner, let user): "belongs to user \(owner), and user \(user) may not write to it"
            case .unwritable(let user):
                "may not be written to by \(user), by its mode or that of a folder on the way"
            case .unseen(let reason): "cannot be looked at: \(reason)"
            case .noFolder: "is no directory"
            case .readOnly: "is on a file system that is mounted for reading only"
            case .unmakeable: "\(Problem.folder(.absence)), and that relayd cannot make"
            case .folder(let problem): "lies in a folder that \(problem)"
            case .other(let words): words
            }
        }

        static func noFile(isDirectory: Bool) -> Problem { .other(isDirectory ? "is a directory" : "is no file") }
    }
}
