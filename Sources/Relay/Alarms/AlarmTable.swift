import Mail
import Store

/// The alarms as a value: what is raised, what is told of it, and what must be written.
struct AlarmTable: Sendable {
    struct Key: Hashable, Sendable {
        let kind: AlarmKind
        let subject: String
    }

    /// One alarm in memory, from when it is raised until it is cleared, on disk, and its quiet time over.
    struct Entry: Sendable {
        var alarm: OperatorAlarm
        /// When its being raised was told last.
        var toldAt: WallTime?
        /// What was told last was that it stands.
        var isToldStanding = false
        /// Grows with each change that must be written.
        var version = 1
        var writtenVersion = 0
        var writtenSeenAt: WallTime?

        var isDirty: Bool { version != writtenVersion }
    }

    /// What the log, the hooks and the counters are told.
    enum Telling: Hashable, Sendable {
        case raised(OperatorAlarm)
        case cleared(OperatorAlarm)
        case acknowledged(OperatorAlarm)
        /// None of it is raised: as many stand as may.
        case full(AlarmKind)
    }

    private(set) var entries: [Key: Entry] = [:]
    /// What is to be written, in the order in which it changed.
    private var changed: [Key] = []
    /// Kinds of which it was told that there is no room, since there was some.
    private var refused: Set<AlarmKind> = []

    /// Oldest first.
    var standing: [OperatorAlarm] {
        entries.values.map(\.alarm).filter(\.isStanding)
            .sorted { ($0.raisedAt, $0.number) < ($1.raisedAt, $1.number) }
    }

    /// Faults on this side that stand.
    var localFaults: [AlarmKind] { AlarmKind.allCases.filter { $0.isLocal && isStanding($0) } }

    func isStanding(_ key: Key) -> Bool { entries[key]?.alarm.isStanding == true }

    /// How many names there are to be alarmed about, others decide: what is of our own doing always finds room.
    private func hasRoom(for kind: AlarmKind) -> Bool {
        guard kind.isOfMany else { return entries.count < AlarmBook.limit }
        return entries.count < AlarmBook.limit - AlarmBook.reserve
            && entries.keys.count { $0.kind == kind } < AlarmBook.kindLimit
    }

    func isStanding(_ kind: AlarmKind) -> Bool {
        entries.contains { $0.key.kind == kind && $0.value.alarm.isStanding }
    }

    mutating func raise(_ key: Key, _ words: String, at now: WallTime) -> Telling? {
        guard var entry = entries[key] else {
            guard hasRoom(for: key.kind) else { return refused.insert(key.kind).inserted ? .full(key.kind) : nil }
            let alarm = OperatorAlarm(kind: key.kind, subject: key.subject, words: words, raisedAt: now)
            entries[key] = Entry(alarm: alarm, toldAt: now, isToldStanding: true)
            changed.append(key)
            return .raised(alarm)
        }
        let wasStanding = entry.alarm.isStanding
        entry.alarm.seenAt = max(entry.alarm.seenAt, now)
        entry.alarm.words = words
        entry.alarm.clearedAt = nil
        entry.alarm.clearing = nil
        let writtenAgo = entry.writtenSeenAt.map { now.seconds - $0.seconds } ?? 0
        // A clock that was set back does not keep it from being written.
        if !wasStanding || writtenAgo >= AlarmBook.seenPause || writtenAgo < 0 { change(&entry, key) }
        defer { entries[key] = entry }
        return wasStanding ? nil : Self.tellRaised(&entry, at: now)
    }

    mutating func clear(_ key: Key, because words: String, at now: WallTime) -> Telling? {
        guard var entry = entries[key], entry.alarm.isStanding else { return nil }
        entry.alarm.clearedAt = max(now, entry.alarm.raisedAt)
        entry.alarm.clearing = words
        change(&entry, key)
        defer { entries[key] = entry }
        guard entry.isToldStanding else { return nil }
        entry.isToldStanding = false
        return .cleared(entry.alarm)
    }

    /// - Returns: nil where no alarm of that number stands.
    mutating func acknowledge(_ number: Int64, words: String?, at now: WallTime) -> OperatorAlarm? {
        guard number > 0, let (key, found) = entries.first(where: { $0.value.alarm.number == number }),
            found.alarm.isStanding
        else { return nil }
        // Somebody was here before: what he said stays where nothing else is said.
        if found.alarm.acknowledgedAt != nil, words == nil { return found.alarm }
        var entry = found
        entry.alarm.acknowledgedAt = now
        entry.alarm.acknowledgement = words
        change(&entry, key)
        entries[key] = entry
        return entry.alarm
    }

    /// Tells what came back in its quiet time and still stands, and forgets what is over.
    mutating func sweep(at now: WallTime) -> [Telling] {
        var telling: [Telling] = []
        for (key, var entry) in entries {
            if entry.alarm.isStanding {
                guard let told = Self.tellRaised(&entry, at: now) else { continue }
                entries[key] = entry
                telling.append(told)
            } else if !entry.isDirty,
                !(0..<AlarmBook.quiet).contains(now.seconds - (entry.toldAt ?? entry.alarm.raisedAt).seconds)
            {
                entries[key] = nil
            }
        }
        refused = refused.filter { !hasRoom(for: $0) }
        return telling
    }

    /// The clock was set by so many seconds, and is believed: when things began is told by the new time, as the queue is. So all that
    /// stands has stood for as long as it has by the clock of the machine's uptime, which nobody sets.
    mutating func move(by seconds: Int64) {
        for (key, var entry) in entries where entry.alarm.isStanding {
            entry.alarm.raisedAt = entry.alarm.raisedAt.advanced(by: seconds)
            entry.alarm.seenAt = entry.alarm.seenAt.advanced(by: seconds)
            entry.alarm.acknowledgedAt = entry.alarm.acknowledgedAt?.advanced(by: seconds)
            entry.toldAt = entry.toldAt?.advanced(by: seconds)
            entry.writtenSeenAt = entry.writtenSeenAt?.advanced(by: seconds)
            change(&entry, key)
            entries[key] = entry
        }
    }

    /// Takes up what stood when the daemon ended.
    mutating func take(_ known: [OperatorAlarm]) {
        for alarm in known {
            let key = Key(kind: alarm.kind, subject: alarm.subject)
            if var entry = entries[key] {
                // Raised anew before the old one was read: it goes on.
                guard entry.alarm.number == 0 else { continue }
                entry.alarm.number = alarm.number
                entry.alarm.raisedAt = alarm.raisedAt
                entry.alarm.acknowledgedAt = alarm.acknowledgedAt
                entry.alarm.acknowledgement = alarm.acknowledgement
                entries[key] = entry
            } else {
                entries[key] = Entry(
                    alarm: alarm, toldAt: alarm.raisedAt, isToldStanding: true, version: 1, writtenVersion: 1,
                    writtenSeenAt: alarm.seenAt)
            }
        }
    }

    /// The alarm that changed first, and which change it is.
    var nextChange: (key: Key, entry: Entry)? {
        guard let key = changed.first, let entry = entries[key] else { return nil }
        return (key, entry)
    }

    /// - Parameter number: what the store gave it.
    mutating func wrote(_ key: Key, _ version: Int, number: Int64) {
        if changed.first == key { changed.removeFirst() } else { changed.removeAll { $0 == key } }
        guard var entry = entries[key] else { return }
        entry.alarm.number = number
        entry.writtenVersion = version
        entry.writtenSeenAt = entry.alarm.seenAt
        if entry.isDirty { changed.append(key) }
        entries[key] = entry
    }

    private mutating func change(_ entry: inout Entry, _ key: Key) {
        if !entry.isDirty { changed.append(key) }
        entry.version += 1
    }

    /// Nil within the quiet time: ``sweep(at:)`` tells it then.
    private static func tellRaised(_ entry: inout Entry, at now: WallTime) -> Telling? {
        if entry.isToldStanding { return nil }
        if let told = entry.toldAt, (0..<AlarmBook.quiet).contains(now.seconds - told.seconds) { return nil }
        entry.toldAt = now
        entry.isToldStanding = true
        return .raised(entry.alarm)
    }
}
