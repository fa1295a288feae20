import Logging
import Mail
import Net
import Store
import Synchronization

/// Takes what another MTA observed: Postfix 3.10 and later tells by libtlsrpt what it delivered by itself, and it goes into
/// the same reports (`tlsrpt.socket`).
struct ObservationSource: Sendable {
    let socket: DatagramSocket
    let store: any ReportStore
    let counters: ObservationCounters
    let log: Logger
    let clock: @Sendable () -> WallTime

    private static func read(
        _ datagram: DatagramSocket.Datagram
    ) -> Result<[ReportedSession], ForeignObservationFault> {
        switch datagram {
        case .whole(let octets): ForeignObservation.read(datagram: octets)
        case .tooLarge: .failure(ForeignObservationFault("longer than \(DatagramSocket.datagramLimit) octets"))
        }
    }

    /// Until the socket is closed.
    func run() async {
        var silence = Silence()
        while let batch = try? await socket.next() {
            var sessions: [ReportedSession] = []
            for datagram in batch {
                switch Self.read(datagram) {
                case .success(let found):
                    counters.taken.add(1, ordering: .relaxed)
                    sessions += found
                case .failure(let fault):
                    counters.dropped.add(1, ordering: .relaxed)
                    if let others = silence.end(at: clock()) {
                        log.event(
                            .warning,
                            LogLine("observation-dropped").with("reason", fault.words)
                                .with("others", others == 0 ? nil : others))
                    }
                }
            }
            guard !sessions.isEmpty else { continue }
            do throws(StoreError) {
                try await store.count(sessions, day: ReportDay(of: clock()))
            } catch {
                counters.dropped.add(sessions.count, ordering: .relaxed)
                if let others = silence.end(at: clock()) {
                    log.event(
                        .error,
                        LogLine("report-store-failed").with("reason", "\(error)")
                            .with("others", others == 0 ? nil : others))
                }
            }
        }
    }
}

/// Datagrams of `tlsrpt.socket` since the start.
final class ObservationCounters: Sendable {
    let taken = Atomic(0)
    /// Malformed, too long, or not to be written down.
    let dropped = Atomic(0)
}
