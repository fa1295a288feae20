/// Finds that the clock of this machine is off, by what many unrelated hosts say of the time: the dates in their greetings, and
/// the days from which and to which their certificates hold.
///
/// One host may be wrong; the median of many is not, where hosts that are related count once. The fault is there where the
/// median of ``AlarmThresholds/clockPeers`` unrelated hosts is more than ``AlarmThresholds/clockOffset`` away, or where most of
/// as many certificates begin in the future, or ended already.
public struct ClockOffset: Sendable {
    public var thresholds: AlarmThresholds
    private var greetings: RecentHosts<Int64>
    private var certificates: RecentHosts<Dates>

    private enum Dates { case good, notYet, over }

    public init(thresholds: AlarmThresholds = AlarmThresholds(), limit: Int = AlarmMemory.hosts) {
        self.thresholds = thresholds
        greetings = RecentHosts(limit: limit)
        certificates = RecentHosts(limit: limit)
    }

    public mutating func note(_ sighting: HostSighting) {
        let kin = HostKin(sighting.host, sighting.address)
        if let theirs = sighting.greetingTime {
            let (offset, overflow) = sighting.time.seconds.subtractingReportingOverflow(theirs.seconds)
            if !overflow {
                greetings.note(HostKey(sighting), .init(time: sighting.time, kin: kin, seen: offset))
            }
        }
        if let dates = Self.dates(sighting.evidence, at: sighting.time) {
            certificates.note(HostKey(sighting), .init(time: sighting.time, kin: kin, seen: dates))
        }
    }

    private static func dates(_ evidence: PeerEvidence?, at now: WallTime) -> Dates? {
        switch evidence {
        case .handshakeFailed(let failure):
            switch failure.kind {
            case .verification(.notYetValid): return .notYet
            case .verification(.expired): return .over
            default: return nil
            }
        case .established(let facts):
            // What a resumed session shows was looked at when it was new.
            guard !facts.resumed, let certificate = facts.certificate else { return nil }
            if let notBefore = certificate.notBefore, notBefore > now { return .notYet }
            if let notAfter = certificate.notAfter, notAfter < now { return .over }
            return .good
        case .startTLSNotOffered, .startTLSRefused, .cleartextAfterStartTLS, nil: return nil
        }
    }

    public mutating func finding(at now: WallTime) -> AlarmFinding {
        let since = now.advanced(by: -thresholds.window)
        greetings.forget(before: since, after: now)
        certificates.forget(before: since, after: now)
        let isAgreed = agree(since: since)
        let median = isAgreed ? nil : median(at: now)
        if let median, median.peers >= thresholds.clockPeers,
            median.offset.magnitude > thresholds.clockOffset.magnitude
        {
            return .fault(
                "the clock of this machine is \(median.offset.magnitude) seconds "
                    + (median.offset < 0 ? "behind" : "ahead of")
                    + " the median of what \(median.peers) unrelated hosts say in their greetings")
        }
        let shown = certificates.since(since)
        for (dates, words) in [(Dates.notYet, "are not yet valid"), (.over, "have expired")] {
            guard shown.count(where: { $0.value.seen == dates }) >= thresholds.clockPeers else { continue }
            let peers = RecentHosts.unrelated(shown)
            let wrong = peers.count { $0.value.seen == dates }
            if wrong >= thresholds.clockPeers, wrong * 2 > peers.count {
                return .fault(
                    "certificates of \(wrong) of \(peers.count) unrelated hosts \(words) by the clock of this machine: it is "
                        + (dates == .notYet ? "behind" : "ahead"))
            }
        }
        if isAgreed || median.map({ $0.offset.magnitude <= thresholds.clockOffset.magnitude }) == true {
            return .well("the clock agrees with the greetings of other hosts")
        }
        if median == nil, shown.contains(where: { $0.value.seen == .good }) {
            return .well("certificates of other hosts are valid by the clock")
        }
        return .unknown
    }

    /// Our time less theirs, in seconds, and how many unrelated hosts it is of; nil where none said.
    public func median(at now: WallTime) -> (offset: Int64, peers: Int)? {
        let said = RecentHosts.unrelated(greetings.since(now.advanced(by: -thresholds.window)))
        guard !said.isEmpty else { return nil }
        let offsets = said.map(\.value.seen).sorted()
        return (offsets[offsets.count / 2], offsets.count)
    }

    /// Nobody is far off. Asked for several times a second: it sorts nothing.
    private func agree(since: WallTime) -> Bool {
        let said = greetings.since(since)
        return !said.isEmpty && said.allSatisfy { $0.value.seen.magnitude <= thresholds.clockOffset.magnitude }
    }
}
