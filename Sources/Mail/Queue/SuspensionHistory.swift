/// When destinations were suspended, so that the time does not count against the lifetime of their mail (D19).
public struct SuspensionHistory: Hashable, Sendable {
    /// In the place of a destination: time that counts for none, because the clock left it out (``ClockWatch``). No destination has this name.
    public static let everywhere = "*"

    /// One suspension as it was ordered.
    public struct Span: Hashable, Sendable {
        public var destination: String
        public var since: WallTime
        /// Nil: until it is ended.
        public var until: WallTime?
        /// When it was ended; nil where it was not.
        public var endedAt: WallTime?

        public init(destination: String, since: WallTime, until: WallTime?, endedAt: WallTime?) {
            self.destination = destination
            self.since = since
            self.until = until
            self.endedAt = endedAt
        }

        /// The first instant at which it does not hold any more; the end of time where nothing ended it.
        var end: WallTime {
            let never = WallTime(seconds: .max)
            return min(until ?? never, endedAt ?? never)
        }
    }

    /// From the first instant to that behind the last.
    private struct Interval: Hashable, Sendable {
        var begin: WallTime
        var end: WallTime
    }

    /// In order of time; no two touch. What holds everywhere is in each.
    private var intervals: [String: [Interval]] = [:]

    public init(_ spans: [Span] = []) {
        let everywhere = spans.filter { $0.destination == Self.everywhere }
        for (destination, spans) in Dictionary(grouping: spans, by: \.destination) {
            let all = destination == Self.everywhere ? spans : spans + everywhere
            var joined: [Interval] = []
            for span in all.sorted(by: { $0.since < $1.since }) where span.since < span.end {
                if let last = joined.last, span.since <= last.end {
                    joined[joined.count - 1].end = max(last.end, span.end)
                } else {
                    joined.append(Interval(begin: span.since, end: span.end))
                }
            }
            if !joined.isEmpty { intervals[destination] = joined }
        }
    }

    /// Seconds between `begin` and `end` in which the destination was suspended; what overlaps counts once.
    public func seconds(of destination: String, from begin: WallTime, to end: WallTime) -> Int64 {
        guard let all = intervals[destination] ?? intervals[Self.everywhere] else { return 0 }
        var total: Int64 = 0
        for interval in all {
            let (from, to) = (max(interval.begin, begin), min(interval.end, end))
            guard from < to else { continue }
            let (length, overflow) = to.seconds.subtractingReportingOverflow(from.seconds)
            total = overflow ? .max : total.addingReportingOverflow(length).overflow ? .max : total + length
        }
        return total
    }
}

extension Schedule {
    /// When a recipient is given up whose own time ends at `expires`, after `suspended` seconds that its destination was
    /// suspended since it was received: that time does not count (D19).
    public static func effectiveExpiry(_ expires: WallTime, suspended: Int64) -> WallTime {
        expires.advanced(by: max(0, suspended))
    }

    /// The next moment at which something must be done about a recipient though its destination gets no attempt: its delayed
    /// notice, else its end.
    ///
    /// - Parameters:
    ///   - received: when the message came in.
    ///   - expires: when the recipient's own time ends, the time it was held included.
    ///   - wantsDelay: NOTIFY lets the sender be told of a delay (RFC 3461 §4.1).
    ///   - delayedSent: it was told.
    ///   - suspended: seconds that the destination was suspended since; neither of the two moments counts them.
    public func deadline(
        received: WallTime, expires: WallTime, wantsDelay: Bool, delayedSent: Bool, isDSN: Bool, suspended: Int64 = 0
    ) -> WallTime {
        let end = Self.effectiveExpiry(expires, suspended: suspended)
        guard wantsDelay, !delayedSent,
            let notice = delayedNotice(created: received, isDSN: isDSN, held: suspended)
        else { return end }
        return min(notice, end)
    }
}
