import GRDB

/// What a journal holds behind the generation that the tables have.
struct JournalReading {
    /// The last generation that is in the tables.
    let known: UInt64
    /// The last generation in the file of the life that the database knows; ``known`` where there is none.
    let own: UInt64
    /// The records behind ``known``: of that life, and behind ``own`` those of lives that the database knows nothing of.
    private(set) var records: JournalFrame.Found
    /// Segments of such lives of which nothing can be read.
    private(set) var unreadable = 0
    /// Lives that the database knows nothing of have written something here.
    private(set) var hasLaterLives = false

    /// Generations that a life may be ahead of the tables: a number beyond is one that the disk has damaged. Ours.
    static let plausible: UInt64 = 1 << 32

    init(_ file: JournalFile, _ db: Database, _ options: SQLiteOptions) throws {
        known = try JournalRows.Progress.read(db).generation
        let bytes = try file.contents()
        let salt = try Fact.journalSalt.value(db).map { UInt64(bitPattern: $0) }
        records = JournalFrame.Found()
        if let salt {
            records = JournalFrame(salt: salt).records(in: bytes, after: known, segmentBytes: file.segmentBytes)
        }
        own = max(known, records.newest)
        // In a file that was cut short a segment would begin elsewhere, within a letter of a stranger; but for the first.
        let isSized =
            try file.segmentBytes == options.journalSegmentBytes || Fact.journalBytes.value(db) == Int64(file.size)
        var later: [JournalFrame.Found] = []
        for life in JournalFrame.lives(in: bytes, segmentBytes: isSized ? file.segmentBytes : bytes.count)
        where life.salt != salt {
            let found = JournalFrame(salt: life.salt).records(in: bytes, after: own, segmentBytes: file.segmentBytes)
            if found.newest > own { later.append(found) }
            for generation in life.damaged where generation > own && found.generations[generation] == nil {
                unreadable += 1
                // The next one is written behind it, so that it is told of once.
                if generation - own < Self.plausible { records.noteWritten(generation) }
            }
        }
        hasLaterLives = !later.isEmpty || unreadable > 0
        for found in later.sorted(by: { $0.newest < $1.newest }) { records.add(found) }
    }
}
