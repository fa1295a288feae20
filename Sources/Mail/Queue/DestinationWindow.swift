/// How many connections one destination may have now (RFC 5321 §4.5.4.1, Q-04). It grows with each success and halves
/// with each failure; a failure at 1 means down, and then one probe at a time goes out, with a backoff of its own.
///
/// A failure is of the destination: no connection, no greeting, no session. A 4yz reply to a recipient is none (D19).
/// Each admitted delivery ends in exactly one of `succeeded`, `failed` and `released`.
public struct DestinationWindow: Hashable, Sendable {
    /// `delivery.destination_connections`
    public private(set) var limit: Int
    private var firstProbe: Int64
    private var lastProbe: Int64
    /// Deliveries allowed at once while the destination is up.
    public private(set) var width: Int
    public private(set) var inFlight = 0
    private var outage: Outage?

    /// What is remembered of a destination that is down.
    private struct Outage: Hashable, Sendable {
        /// Probes that failed, the failure that began it included.
        var failures: Int
        let since: WallTime
        /// When the last of them failed.
        var last: WallTime
        var nextProbe: WallTime
        var isProbing = false
    }

    /// Deliveries at once to a destination of which nothing is known.
    public static let firstWidth = 2
    /// Seconds between the beginning of an outage and the first probe.
    public static let probeMinimum: Int64 = 60
    /// Seconds between probes at most.
    public static let probeMaximum: Int64 = 1800
    /// Fraction of the backoff by which a probe may come later.
    public static let probeJitter = 0.2

    /// - Parameter firstProbe: seconds until the first probe of an outage; the shortest retry of a message where that is
    ///   less than ``probeMinimum``, so that a probe is never what a message waits for.
    ///   `lastProbe` likewise bounds the time between probes.
    public init(limit: Int, firstProbe: Int64 = probeMinimum, lastProbe: Int64 = probeMaximum) {
        self.limit = max(1, limit)
        self.firstProbe = max(1, min(firstProbe, Self.probeMinimum))
        self.lastProbe = max(1, min(lastProbe, Self.probeMaximum))
        width = min(Self.firstWidth, self.limit)
    }

    /// The limits are those of `fresh` from now on; what was learned of the destination stays.
    public mutating func adopt(_ fresh: DestinationWindow) {
        limit = fresh.limit
        firstProbe = fresh.firstProbe
        lastProbe = fresh.lastProbe
        width = min(width, limit)
    }

    public enum Admission: Hashable, Sendable {
        case go(Ticket)
        /// The window is full: ask again when a delivery ends.
        case full
        /// The destination is down: ask again then.
        case down(until: WallTime)
    }

    /// Goes with an admitted delivery and comes back with its end.
    public struct Ticket: Hashable, Sendable {
        public let isProbe: Bool
    }

    /// True while the destination counts as down.
    public var isDown: Bool { outage != nil }
    /// Since when; nil while it is up.
    public var downSince: WallTime? { outage?.since }

    /// What ``admit(at:)`` would say, without its consequences.
    public enum Opening: Hashable, Sendable {
        case open
        /// The destination is down, and it is time to see whether it still is.
        case probe
        /// Down, and left alone until then; or somebody is just finding out.
        case closed(until: WallTime)
    }

    /// How the destination stands at `now`.
    public func opening(at now: WallTime) -> Opening {
        guard let outage else { return .open }
        if outage.isProbing { return .closed(until: outage.nextProbe) }
        return now >= outage.nextProbe || now < outage.last ? .probe : .closed(until: outage.nextProbe)
    }

    /// May one more delivery begin?
    public mutating func admit(at now: WallTime) -> Admission {
        if var outage {
            if outage.isProbing { return .full }
            // A clock that was set back must not keep the destination down.
            guard now >= outage.nextProbe || now < outage.last else { return .down(until: outage.nextProbe) }
            outage.isProbing = true
            self.outage = outage
            inFlight += 1
            return .go(Ticket(isProbe: true))
        }
        guard inFlight < width else { return .full }
        inFlight += 1
        return .go(Ticket(isProbe: false))
    }

    /// The destination took part in a session, whatever became of the mail.
    public mutating func succeeded(_ ticket: Ticket) {
        leave()
        if outage != nil {
            outage = nil
            width = min(Self.firstWidth, limit)
        } else {
            width = min(width + 1, limit)
        }
    }

    /// No session came to be.
    public mutating func failed(
        _ ticket: Ticket, at now: WallTime, using generator: inout some RandomNumberGenerator
    ) {
        leave()
        if let outage {
            // Deliveries that began before the outage add nothing to it: one outage, one step of backoff a probe.
            guard ticket.isProbe else { return }
            self.outage = makeOutage(failures: outage.failures, since: outage.since, now, using: &generator)
        } else if width > 1 {
            width /= 2
        } else {
            outage = makeOutage(failures: 0, since: now, now, using: &generator)
        }
    }

    /// The delivery ended and says nothing about the destination (we shut down, the message vanished).
    public mutating func released(_ ticket: Ticket) {
        leave()
        if ticket.isProbe { outage?.isProbing = false }
    }

    /// Forgets an outage: the operator says so.
    public mutating func reset() {
        outage = nil
        width = min(Self.firstWidth, limit)
    }

    private mutating func leave() {
        inFlight = max(0, inFlight - 1)
    }

    private func makeOutage(
        failures: Int, since: WallTime, _ now: WallTime, using generator: inout some RandomNumberGenerator
    ) -> Outage {
        let backoff = Schedule.doubled(firstProbe, upTo: lastProbe, times: failures)
        let wait = backoff + Schedule.draw(upTo: backoff, fraction: Self.probeJitter, using: &generator)
        return Outage(failures: failures &+ 1, since: since, last: now, nextProbe: now.advanced(by: wait))
    }
}
