import Mail

/// What mail in the queue waits for beside its next attempt, and what lets it go: the same words wherever one message is told of.
enum WaitingText {
    /// When a recipient is tried next.
    enum Next: Equatable {
        case time(Int64)
        /// Not by itself: "when released".
        case order(String)
    }

    /// Nil where nothing makes it due.
    static func next(_ attempt: Int64?, _ waiting: WaitingView?) -> Next? {
        switch waiting?.state {
        case "held": return .order("when released")
        case "suspended" where waiting?.until == nil: return .order("when resumed")
        default: break
        }
        // Both must have come.
        return [attempt, waiting?.until].compactMap(\.self).max().map(Next.time)
    }

    /// What keeps it, since when, for how much longer and why, with the order that ends it where time does not.
    static func words(_ waiting: WaitingView, _ now: WallTime) -> String {
        var text = what(waiting)
        if let since = waiting.since { text += " since \(Humane.age(since, now))" }
        if let until = waiting.until { text += ", for another \(Humane.span(max(0, until &- now.seconds)))" }
        if let reason = waiting.reason { text += ": \(reason)" }
        switch (waiting.state, waiting.until) {
        case ("held", nil): text += " (relayctl queue release lets it go)"
        case ("suspended", nil): text += " (until relayctl destinations resume)"
        case ("quarantined", _): text += " (nothing lets it go: relayctl queue bounce returns it)"
        case ("resting", _): text += " (relayctl queue retry ends it)"
        default: break
        }
        return text
    }

    /// The same with moments, for what is read beside other people's logs.
    static func sentence(_ waiting: WaitingView) -> String {
        var text = what(waiting)
        if let since = waiting.since { text += " since \(WallTime(seconds: since).rfc3339)" }
        if let until = waiting.until { text += ", until \(WallTime(seconds: until).rfc3339)" }
        if let reason = waiting.reason { text += ": \(reason)" }
        return text
    }

    private static func what(_ waiting: WaitingView) -> String {
        switch waiting.state {
        case "down": "the hosts of its destination are down"
        case "suspended": "its destination is suspended"
        case "quarantined": "quarantined, for it is damaged"
        case "resting": "resting after a crash of relayd"
        default: waiting.state
        }
    }

    /// The command that lets it go, or what can be done where nothing does, in a sentence; nil where it goes by itself as soon as it can.
    static func cure(_ waiting: WaitingView, id: String, destination: String) -> String? {
        switch waiting.state {
        case "held": "To let it go: relayctl queue release --id \(id)"
        case "suspended": "To let it go: relayctl destinations resume \(ShellWord.quoted(destination))"
        case "quarantined":
            "Nothing lets it go, for what is damaged is not sent. To return it: relayctl queue bounce --id \(id)"
        case "resting": "To try it without waiting: relayctl queue retry --id \(id)"
        default: nil
        }
    }

    /// The outcome of the last attempt is not what it waits for.
    static func isBeyondAttempts(_ waiting: WaitingView?) -> Bool {
        waiting.map { $0.state != "down" } ?? false
    }

    /// Its lifetime stands still meanwhile.
    static func stopsLifetime(_ waiting: WaitingView?) -> Bool {
        ["held", "suspended", "quarantined"].contains(waiting?.state)
    }
}
