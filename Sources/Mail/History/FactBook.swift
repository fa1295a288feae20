/// What is known under one name: a domain, a host, or a host as one domain meets it. Each reading is set against it.
public struct FactBook: Hashable, Sendable {
    public let name: String
    private var entries: [KnownFact.Kind: Entry] = [:]

    private struct Entry: Hashable, Sendable {
        var fact: KnownFact
        /// How often in a row something else was read that is not believed yet.
        var doubted = 0
        /// The value before the present one; nil where that is not remembered.
        var former: String?
        /// Changes on the day of the newest.
        var changes = 0
        var day: Int64 = 0
        /// Alarms that were not raised because it was unsteady: raised on the next day where it is still so.
        var owed: [AlarmCall] = []
    }

    /// What follows from readings: what is to be written, and what is to be said.
    public struct Learned: Hashable, Sendable {
        public var facts: [KnownFact] = []
        public var changes: [FactChange] = []
        public var alarms: [AlarmCall] = []

        public init() {}

        public var isEmpty: Bool { facts.isEmpty && changes.isEmpty && alarms.isEmpty }

        public static func += (left: inout Learned, right: Learned) {
            left.facts += right.facts
            left.changes += right.changes
            left.alarms += right.alarms
        }
    }

    /// - Parameter known: of this name; what is of another is passed over.
    public init(_ name: String, known: [KnownFact] = []) {
        self.name = name
        for fact in known where fact.name == name { entries[fact.kind] = Entry(fact: fact) }
    }

    /// As it stands, in the order of the kinds.
    public var facts: [KnownFact] { KnownFact.Kind.allCases.compactMap { entries[$0]?.fact } }

    /// True where a fact of that kind is known.
    public func knows(_ kind: KnownFact.Kind) -> Bool { entries[kind] != nil }

    /// Octets in memory, about.
    public var weight: Int {
        entries.values.reduce(256 + name.utf8.count) { $0 + 128 + $1.fact.value.utf8.count }
    }

    /// Sets a reading against what is known.
    public mutating func read(_ reading: FactReading, at now: WallTime) -> Learned {
        guard reading.name == name else { return Learned() }
        guard var entry = entries[reading.kind] else { return learnFirst(reading, at: now) }
        defer { entries[reading.kind] = entry }
        if entry.fact.value == reading.value {
            entry.doubted = 0
            return confirm(&entry, at: now)
        }
        if reading.kind == .startTLS, reading.value == FactReading.missing {
            entry.doubted += 1
            guard entry.doubted >= FactRules.missesToBelieve else { return Learned() }
        }
        return change(&entry, to: reading, at: now)
    }

    private mutating func learnFirst(_ reading: FactReading, at now: WallTime) -> Learned {
        // A host that never proved itself has nothing to lose. Most mail goes to such, for a great many domains.
        if reading.kind == .verified, !FactRules.proofs.contains(reading.value) { return Learned() }
        // Nor has one without TLSA records that bind, as most are.
        if reading.kind == .tlsa, !FactRules.binds(reading.value) { return Learned() }
        let fact = KnownFact(name: name, kind: reading.kind, value: reading.value, since: now)
        entries[reading.kind] = Entry(fact: fact)
        var learned = Learned()
        learned.facts = [fact]
        return learned
    }

    /// It is as before: written once a day, so that what is never seen again can be forgotten.
    private func confirm(_ entry: inout Entry, at now: WallTime) -> Learned {
        guard Self.day(now) != Self.day(entry.fact.seenAt) else { return Learned() }
        entry.fact.seenAt = now
        var learned = Learned()
        learned.facts = [entry.fact]
        learned.alarms = entry.owed
        entry.owed = []
        return learned
    }

    private func change(_ entry: inout Entry, to reading: FactReading, at now: WallTime) -> Learned {
        var learned = Learned()
        let old = entry.fact.value
        let calls = FactAlarms.calls(from: old, to: reading, former: entry.former)
        entry.former = old
        entry.doubted = 0
        entry.changes = entry.day == Self.day(now) ? entry.changes &+ 1 : 1
        entry.day = Self.day(now)
        let isUnsteady = entry.changes > FactRules.changesOfDay
        entry.fact = KnownFact(name: name, kind: reading.kind, value: reading.value, since: now)
        // Of what is unsteady nothing is written until the next day, when the state is confirmed or changes again; alarms end,
        // and are not raised.
        guard !isUnsteady else {
            learned.alarms = calls.filter(\.isClear)
            if !calls.isEmpty { entry.owed = calls.filter { !$0.isClear } }
            return learned
        }
        learned.alarms = calls.isEmpty ? entry.owed : calls
        entry.owed = []
        learned.facts = [entry.fact]
        learned.changes = [FactChange(name: name, kind: reading.kind, time: now, old: old, new: reading.value)]
        return learned
    }

    private static func day(_ time: WallTime) -> Int64 {
        let (day, rest) = time.seconds.quotientAndRemainder(dividingBy: 86_400)
        return rest < 0 ? day - 1 : day
    }
}

/// What ``AlarmSink`` is to be told.
public enum AlarmCall: Hashable, Sendable {
    case raise(AlarmKind, of: String, String)
    case clear(AlarmKind, of: String, because: String)

    var isClear: Bool {
        if case .clear = self { true } else { false }
    }
}

extension AlarmSink {
    public func take(_ call: AlarmCall) {
        switch call {
        case .raise(let kind, let subject, let words): raise(kind, of: subject, words)
        case .clear(let kind, let subject, let words): clear(kind, of: subject, because: words)
        }
    }
}
