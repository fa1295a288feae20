/// The version of SQLite, and what is known against it.
public struct SQLiteVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var major: Int
    public var minor: Int
    public var patch: Int

    public init(_ major: Int, _ minor: Int, _ patch: Int) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// Reads `3.40.1`; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 3, let major = parts[0], let minor = parts[1], let patch = parts[2] else { return nil }
        self.init(major, minor, patch)
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    public var description: String { "\(major).\(minor).\(patch)" }

    /// In a clause; nil where none is known. It does no harm to the store: one connection alone writes and checkpoints (``Connection``).
    public var knownFault: String? {
        guard self < SQLiteVersion(3, 51, 3) else { return nil }
        return
            "before 3.51.3 two connections that reset the WAL at the same time can damage the database; relayd writes by "
            + "one connection alone"
    }
}

extension SQLiteStore.OpeningReport {
    /// Nil where the library says something else than a version.
    public var sqlite: SQLiteVersion? { library.split(separator: " ").last.flatMap { SQLiteVersion($0) } }
}
