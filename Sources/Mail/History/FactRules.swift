/// Which changes of facts are alarms, and for how long.
public enum FactRules {
    /// Connections in a row that find STARTTLS missing before it counts as gone: one may have met a host that was just
    /// starting, or one of many behind an address. Ours.
    public static let missesToBelieve = 2
    /// Seconds after which a new state is taken as normal and its alarm cleared: who has not acted in two weeks does not
    /// mean to. Ours.
    public static let takenAsNormal: Int64 = 14 * 86_400
    /// Changes of one fact on one day that are written; what changes more often is unsteady, and its state alone is kept.
    /// Ours.
    public static let changesOfDay = 24
    /// Failed fetches in a row, with a policy cached, before the alarm. Ours.
    public static let failedFetches = 2

    /// Those that end by themselves after ``takenAsNormal``.
    public static let passing: Set<AlarmKind> = [
        .tlsaGone, .startTLSGone, .authenticationLost, .issuerChanged, .stsRecordMissing, .stsFetchFailing,
    ]

    /// What an alarm that stands since `raisedAt` is cleared for by time alone; nil while it stays.
    public static func clearing(of alarm: OperatorAlarm, at now: WallTime) -> String? {
        guard alarm.isStanding, passing.contains(alarm.kind) else { return nil }
        // Nothing will be as before: the operator's word is the end of it.
        if alarm.kind == .issuerChanged, alarm.acknowledgedAt != nil {
            return "acknowledged: the new issuer is the known one"
        }
        guard alarm.stood(at: now) >= takenAsNormal else { return nil }
        return "it has stood for \(takenAsNormal / 86_400) days and is taken as normal"
    }

    /// The levels that are a proof of who the host is.
    static let proofs: Set<String> = [
        VerifiedLevel.dane.rawValue, VerifiedLevel.webPKI.rawValue, VerifiedLevel.fingerprint.rawValue,
    ]

    /// True for a TLSA set that binds: secure, and not empty.
    static func binds(_ tlsa: String) -> Bool {
        tlsa.hasPrefix("\(Security.secure.rawValue):") && !FactReading.members(of: tlsa).isEmpty
    }

    /// The organisation in the name of an issuer, else all of it: a public authority signs with one of several keys, and
    /// changes them at will.
    static func organisation(_ issuer: String) -> String {
        for separator in [",", "/", "+"] {
            for part in issuer.split(separator: Character(separator)) {
                let part = part.drop { $0 == " " }
                for begin in ["O=", "O = "] where part.hasPrefix(begin) { return String(part.dropFirst(begin.count)) }
            }
        }
        return issuer
    }
}
