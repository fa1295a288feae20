/// Finds that nobody anywhere takes a connection on the port for mail: a provider or a firewall keeps it closed.
///
/// The fault is there where, within the window, ``AlarmThresholds/port25Hosts`` unrelated hosts were tried and none took a
/// connection; where connections stood before, none for a whole window. The first one that stands ends it.
public struct PortBlocked: Sendable {
    public let port: UInt16
    public var thresholds: AlarmThresholds
    private var failed: RecentHosts<Void>
    /// When a host took a connection last; nil where none did since the start.
    private var lastConnection: WallTime?
    private var lastFailure: WallTime?

    public init(port: UInt16 = 25, thresholds: AlarmThresholds = AlarmThresholds(), limit: Int = AlarmMemory.hosts) {
        self.port = port
        self.thresholds = thresholds
        failed = RecentHosts(limit: limit)
    }

    public mutating func note(_ sighting: HostSighting) {
        guard sighting.port == port else { return }
        switch sighting.contact {
        case .silent, .greeted:
            lastConnection = sighting.time
            failed.removeAll()
        case .unreachable:
            // What we could not even try says nothing.
            guard sighting.refusal?.cause == .connectFailed || sighting.refusal?.cause == .timedOut else { return }
            lastFailure = sighting.time
            failed.note(
                HostKey(sighting),
                .init(time: sighting.time, kin: HostKin(sighting.host, sighting.address), seen: ()))
        }
    }

    public mutating func finding(at now: WallTime) -> AlarmFinding {
        let since = now.advanced(by: -thresholds.window)
        failed.forget(before: since, after: now)
        if let lastConnection, lastConnection >= since, lastConnection <= now {
            return .well("a host took a connection on port \(port)")
        }
        let tried = failed.since(since)
        guard tried.count >= thresholds.port25Hosts else { return .unknown }
        let unrelated = RecentHosts.unrelated(tried).count
        guard unrelated >= thresholds.port25Hosts else { return .unknown }
        return .fault(
            "no host takes a connection on port \(port): \(tried.count) addresses of \(unrelated) unrelated hosts were "
                + "tried, such as \(RecentHosts.named(tried))")
    }

    /// For `relayctl doctor`: when a connection stood last, and how many addresses were tried since without one.
    public func counts(at now: WallTime) -> (lastConnection: WallTime?, failed: Int) {
        (lastConnection, failed.since(now.advanced(by: -thresholds.window)).count)
    }
}
