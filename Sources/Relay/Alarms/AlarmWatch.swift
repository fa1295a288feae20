import Mail
import Synchronization

/// Learns from what deliveries see whether a fault on this side stands: the detectors, and who tells of what they find.
final class AlarmWatch: SightingReader, Sendable {
    private struct Detectors: Sendable {
        var stripping: StartTLSStripping
        var blocked: PortBlocked
        var clock: ClockOffset
    }

    private let detectors: Mutex<Detectors>
    private let alarms: any AlarmSink
    private let clock: @Sendable () -> WallTime

    init(
        port: UInt16, thresholds: AlarmThresholds, alarms: any AlarmSink, clock: @escaping @Sendable () -> WallTime
    ) {
        detectors = Mutex(
            Detectors(
                stripping: StartTLSStripping(port: port, thresholds: thresholds),
                blocked: PortBlocked(port: port, thresholds: thresholds), clock: ClockOffset(thresholds: thresholds)))
        self.alarms = alarms
        self.clock = clock
    }

    /// What was seen stays; of another port it says nothing.
    func adopt(port: UInt16, thresholds: AlarmThresholds) {
        detectors.withLock { detectors in
            if detectors.stripping.port != port {
                detectors.stripping = StartTLSStripping(port: port, thresholds: thresholds)
                detectors.blocked = PortBlocked(port: port, thresholds: thresholds)
            }
            detectors.stripping.thresholds = thresholds
            detectors.blocked.thresholds = thresholds
            detectors.clock.thresholds = thresholds
        }
    }

    func learn(from sightings: [HostSighting], _ decisions: [SeenDecision]) async { learn(from: sightings) }

    func learn(from sightings: [HostSighting]) {
        if sightings.isEmpty { return }
        let now = clock()
        let findings = detectors.withLock { detectors -> [(AlarmKind, AlarmFinding)] in
            for sighting in sightings {
                detectors.stripping.note(sighting)
                detectors.blocked.note(sighting)
                detectors.clock.note(sighting)
            }
            return [
                (.startTLSStripped, detectors.stripping.finding(at: now)),
                (.portBlocked, detectors.blocked.finding(at: now)),
                (.clockOff, detectors.clock.finding(at: now)),
            ]
        }
        for (kind, finding) in findings {
            switch finding {
            case .fault(let words): alarms.raise(kind, of: "", words)
            case .well(let words): alarms.clear(kind, of: "", because: words)
            case .unknown: break
            }
        }
    }

    /// What the detectors know, for `relayctl doctor`.
    struct Evidence: Sendable {
        var hosts: (met: Int, clear: Int, lost: Int)
        var port: (lastConnection: WallTime?, failed: Int)
        var clock: (offset: Int64, peers: Int)?
        var findings: [AlarmKind: AlarmFinding]
    }

    func evidence() -> Evidence {
        let now = clock()
        return detectors.withLock { detectors in
            Evidence(
                hosts: detectors.stripping.counts(at: now), port: detectors.blocked.counts(at: now),
                clock: detectors.clock.median(at: now),
                findings: [
                    .startTLSStripped: detectors.stripping.finding(at: now),
                    .portBlocked: detectors.blocked.finding(at: now),
                    .clockOff: detectors.clock.finding(at: now),
                ])
        }
    }
}
