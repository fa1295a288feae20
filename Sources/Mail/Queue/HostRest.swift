/// What all deliveries together know of addresses that do not answer, so that a thousand domains behind one dead host do not
/// each wait for it (RFC 5321 §4.5.4.1, Q-04).
///
/// After ``threshold`` failed connections in a row an address rests, longer each time. When its rest is over one caller may
/// try it, and the others wait for what comes of that. A connection that comes to be makes all forgotten.
public struct HostRest: Sendable {
    /// Failed connections in a row after which an address rests.
    public static let threshold = 2
    /// Seconds of the first rest; it doubles with each further failure.
    public static let minimum: Int64 = 30
    /// Seconds of a rest at most, before jitter.
    public static let maximum: Int64 = 600
    /// Fraction of a rest by which it may be longer.
    public static let jitter = 0.2
    /// Seconds of a rest at most, jitter included.
    public static let longest: Int64 = 720
    /// Seconds after which a trial that said nothing counts as lost, and another may begin: twice the time a connection
    /// takes to fail by default.
    public static let trialLimit: Int64 = 60
    /// Addresses remembered. Beyond, the one that failed longest ago is forgotten.
    public static let limit = 10_000

    private struct Place: Hashable, Sendable {
        let address: IPAddress
        let port: UInt16
    }

    private struct Record: Sendable {
        var failures = 0
        /// When it failed last.
        var last: WallTime
        /// Nil below the threshold.
        var until: WallTime?
        /// When the trial under way began.
        var trial: WallTime?
        /// Of its entry in ``order`` that counts.
        var serial: UInt64
    }

    private var records: [Place: Record] = [:]
    /// By the time of the last failure, with entries that do not count any more among them.
    private var order = Ring<(place: Place, serial: UInt64)>()
    private var serial: UInt64 = 0

    public init() {}

    /// Addresses remembered.
    public var count: Int { records.count }

    /// The end of the address's rest; nil where it does not rest.
    public func restsUntil(_ address: IPAddress, port: UInt16, at now: WallTime) -> WallTime? {
        guard let record = records[Place(address: address, port: port)], let until = record.until else { return nil }
        return now < until && now >= record.last ? until : nil
    }

    /// May the address be connected to? A true answer for one whose rest is over is a trial: it must end in ``succeeded``,
    /// ``failed`` or ``released``.
    public mutating func mayTry(_ address: IPAddress, port: UInt16, at now: WallTime) -> Bool {
        let place = Place(address: address, port: port)
        guard var record = records[place], let until = record.until else { return true }
        // A clock that was set back must not keep the address at rest.
        if now < until, now >= record.last { return false }
        if let trial = record.trial, now >= trial, now < trial.advanced(by: Self.trialLimit) { return false }
        record.trial = now
        records[place] = record
        return true
    }

    /// A connection came to be.
    public mutating func succeeded(_ address: IPAddress, port: UInt16) {
        records[Place(address: address, port: port)] = nil
    }

    /// The trial ended and says nothing about the address: the delivery was given up for another reason.
    public mutating func released(_ address: IPAddress, port: UInt16) {
        records[Place(address: address, port: port)]?.trial = nil
    }

    /// No connection came to be.
    public mutating func failed(
        _ address: IPAddress, port: UInt16, at now: WallTime, using generator: inout some RandomNumberGenerator
    ) {
        let place = Place(address: address, port: port)
        serial &+= 1
        var record = records[place] ?? Record(last: now, serial: serial)
        // Connections that began before the rest add nothing to it: one step for each trial.
        if record.until != nil, record.trial == nil { return }
        record.failures = min(record.failures + 1, Self.countedFailures)
        record.last = now
        record.trial = nil
        record.serial = serial
        if record.failures >= Self.threshold {
            let rest = Schedule.doubled(
                Self.minimum, upTo: Self.maximum, times: record.failures - Self.threshold)
            let more = Schedule.draw(upTo: rest, fraction: Self.jitter, using: &generator)
            record.until = now.advanced(by: rest + more)
        }
        records[place] = record
        order.append((place, serial))
        forgetOldest()
    }

    /// More make no difference.
    private static let countedFailures = 64

    private mutating func forgetOldest() {
        while records.count > Self.limit, let (place, serial) = order.popFirst() {
            if records[place]?.serial == serial { records[place] = nil }
        }
        guard order.count > 2 * Self.limit else { return }
        let current = records
        _ = order.removeAll { current[$0.place]?.serial != $0.serial }
    }
}
