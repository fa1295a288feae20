/// Something an operator should know and may not see otherwise: raised once, standing until its cause is gone.
public struct OperatorAlarm: Hashable, Sendable {
    /// Given by the store, never used twice.
    public var number: Int64
    public var kind: AlarmKind
    /// What it is about: a domain, a host, a file; empty where the kind says it all.
    public var subject: String
    /// What was seen, in a sentence.
    public var words: String
    public var raisedAt: WallTime
    /// When its cause was seen last.
    public var seenAt: WallTime
    /// When its cause was gone; nil while it stands.
    public var clearedAt: WallTime?
    /// Why it was cleared.
    public var clearing: String?
    public var acknowledgedAt: WallTime?
    /// Who acknowledged it, and what he said.
    public var acknowledgement: String?

    public init(
        number: Int64 = 0, kind: AlarmKind, subject: String, words: String, raisedAt: WallTime, seenAt: WallTime? = nil,
        clearedAt: WallTime? = nil, clearing: String? = nil, acknowledgedAt: WallTime? = nil,
        acknowledgement: String? = nil
    ) {
        self.number = number
        self.kind = kind
        self.subject = subject
        self.words = words
        self.raisedAt = raisedAt
        self.seenAt = seenAt ?? raisedAt
        self.clearedAt = clearedAt
        self.clearing = clearing
        self.acknowledgedAt = acknowledgedAt
        self.acknowledgement = acknowledgement
    }

    public var isStanding: Bool { clearedAt == nil }

    /// Seconds it stood, or stands at `now`; never negative, for a clock may go back.
    public func stood(at now: WallTime) -> Int64 { max(0, (clearedAt ?? now).seconds - raisedAt.seconds) }
}

/// Where alarms are raised and cleared. Both may be called for each thing seen: what stands already is not raised again, and
/// what does not stand is not cleared.
public protocol AlarmSink: Sendable {
    /// Never waits for the disk: those who call it deliver mail.
    func raise(_ kind: AlarmKind, of subject: String, _ words: String)

    /// Never waits either.
    func clear(_ kind: AlarmKind, of subject: String, because words: String)

    /// Clears what stands of a kind, but for these subjects: what the others were about is no longer there.
    func clear(_ kind: AlarmKind, exceptOf subjects: Set<String>, because words: String)
}
