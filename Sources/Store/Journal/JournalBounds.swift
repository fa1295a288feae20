/// The bounds of the journal.
struct JournalBounds: Sendable {
    /// Octets of a message's content: more goes to the tables at once, for copying it twice costs more than its sync.
    static let content = 32 * 1024
    /// Recipients of a message.
    static let recipients = 100
    /// Octets that a record may have: one with all of that stays below.
    static let record = 256 * 1024
    /// Octets of one write: a group that has so many is written before the next record is made.
    static let group = 512 * 1024
    /// Between a generation that could not be brought into the tables, and the next try; twice as long each time, up to the longest.
    static let rest: Duration = .seconds(1)
    static let longestRest: Duration = .seconds(30)
    /// Where the writer has too much to do.
    static let busyRest: Duration = .milliseconds(100)
    /// What a generation needs on the disk to get into the tables, in sizes of its segment: its rows, their indexes, and both in the WAL.
    static let room = 4
    /// For how long that room is looked for, ``rest`` apart, before a generation that had none is tried all the same.
    static let patienceForRoom: Duration = .seconds(180)

    /// Nanoseconds between a failure of the file and the next try to use it.
    var repair: UInt64 = 30_000_000_000
    /// Nanoseconds from the first record of a generation to its being brought into the tables.
    var age: UInt64 = 2_000_000_000
}
