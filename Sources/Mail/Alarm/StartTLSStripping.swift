/// Finds that something near us strips STARTTLS: many unrelated hosts that should offer it do not, at once.
///
/// A host **owes** STARTTLS where it offered it within the last 30 days, or where DANE or MTA-STS of its own side demands TLS.
/// One that never offered it owes nothing: a site that mails many such hosts is not alarmed by them, for they say nothing
/// about what lies between. So the alarm needs, within the window and on the one port:
/// 1. ``AlarmThresholds/startTLSHosts`` unrelated hosts without STARTTLS. Not counted are those met before the window
///    without it: known to have none;
/// 2. among them at least half as many, and two at least, that owe it;
/// 3. of all that owe it and were met, the share ``AlarmThresholds/startTLSShare`` without it; and the same of all that
///    were met and are not known to have none.
///
/// It is well again where one that had lost it offers it, and the rule holds no more; after a restart, when nobody knows which
/// had lost it, where half as many unrelated hosts offer it as raise it.
public struct StartTLSStripping: Sendable {
    /// Where STARTTLS is expected.
    public let port: UInt16
    public var thresholds: AlarmThresholds
    private var hosts: RecentHosts<Offer>
    /// When a host offered STARTTLS that had lost it.
    private var lastReturn: WallTime?

    private struct Offer: Sendable {
        var isOffered: Bool
        var lastOffered: WallTime?
        /// Its own side's policy demands TLS.
        var isPromised: Bool
        /// Since when it was met without STARTTLS each time.
        var missingSince: WallTime?

        var isOwed: Bool { isPromised || lastOffered != nil }
    }

    public init(port: UInt16 = 25, thresholds: AlarmThresholds = AlarmThresholds(), limit: Int = AlarmMemory.hosts) {
        self.port = port
        self.thresholds = thresholds
        hosts = RecentHosts(limit: limit)
    }

    public mutating func note(_ sighting: HostSighting) {
        guard sighting.port == port, sighting.contact == .greeted, let evidence = sighting.evidence else { return }
        let key = HostKey(sighting)
        var offer =
            hosts[key]?.seen ?? Offer(isOffered: false, lastOffered: nil, isPromised: false, missingSince: nil)
        offer.isOffered = evidence != .startTLSNotOffered
        offer.isPromised = sighting.requirement.isPromisedByTheirSide
        if offer.isOffered {
            if offer.isOwed, offer.missingSince != nil { lastReturn = sighting.time }
            offer.lastOffered = sighting.time
            offer.missingSince = nil
        } else {
            offer.missingSince = offer.missingSince ?? sighting.time
        }
        hosts.note(
            key, .init(time: sighting.time, kin: HostKin(sighting.host, sighting.address), seen: offer))
    }

    /// What follows at `now`.
    public mutating func finding(at now: WallTime) -> AlarmFinding {
        hosts.forget(before: now.advanced(by: -max(AlarmMemory.offers, thresholds.window)), after: now)
        let since = now.advanced(by: -thresholds.window)
        // Known to have none: they tell nothing.
        let met = hosts.since(since).filter { entry in
            entry.value.seen.isOwed || (entry.value.seen.missingSince ?? now) >= since
        }
        let clear = met.filter { !$0.value.seen.isOffered }
        let owed = met.filter { $0.value.seen.isOwed }
        let lost = clear.filter { $0.value.seen.isOwed }
        let unrelated = clear.count < thresholds.startTLSHosts ? 0 : RecentHosts.unrelated(clear).count
        let least = max(2, (thresholds.startTLSHosts + 1) / 2)
        if unrelated >= thresholds.startTLSHosts, RecentHosts.unrelated(lost).count >= least,
            Self.share(lost.count, of: owed.count) >= thresholds.startTLSShare,
            Self.share(clear.count, of: met.count) >= thresholds.startTLSShare
        {
            return .fault(
                "\(clear.count) of \(met.count) hosts offer no STARTTLS, \(unrelated) of them unrelated to each other; "
                    + "\(lost.count) offered it before or demand TLS by their own policy: "
                    + RecentHosts.named(lost))
        }
        let isReturned = lastReturn.map { $0 >= since && $0 <= now } == true
        guard isReturned || isForgotten && offering(met, atLeast: least) else { return .unknown }
        return .well(
            lost.isEmpty
                ? "hosts offer STARTTLS" : "hosts offer STARTTLS again, all but \(RecentHosts.named(lost))")
    }

    /// None is known that had lost it.
    private var isForgotten: Bool {
        !hosts.entries.contains { $0.value.seen.isOwed && !$0.value.seen.isOffered }
    }

    private func offering(_ met: [RecentHosts<Offer>.Found], atLeast count: Int) -> Bool {
        var counted = HostKin.Counted()
        var unrelated = 0
        for host in met where host.value.seen.isOffered && counted.insert(host.value.kin) {
            unrelated += 1
            if unrelated >= count { return true }
        }
        return false
    }

    /// For `relayctl doctor`: hosts met within the window, and those of them without STARTTLS.
    public func counts(at now: WallTime) -> (met: Int, clear: Int, lost: Int) {
        let met = hosts.since(now.advanced(by: -thresholds.window))
        let clear = met.filter { !$0.value.seen.isOffered }
        return (met.count, clear.count, clear.count { $0.value.seen.isOwed })
    }

    static func share(_ part: Int, of whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
}

extension TLSRequirement {
    /// The host's own side says that it has TLS: secure TLSA records, or an MTA-STS policy in mode `enforce`. A rule of ours
    /// is only a wish.
    var isPromisedByTheirSide: Bool {
        switch by {
        case .dane, .daneHost, .mtaSTS: true
        case .requireTLS, .local, nil: dane != nil
        }
    }
}
