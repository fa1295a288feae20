import Mail
import Net
import Synchronization

/// What all destinations learn of dead hosts: an address that took no connection for one of them is left alone for a while by
/// all, so that a thousand domains at one dead host do not find it out one by one. Safe from any thread.
final class HostRests: Sendable {
    private let rest = Mutex(HostRest())

    /// Why no connection to it is tried now; nil where one may be, and then what comes of it is told by ``took(_:)`` or
    /// ``refused(_:)``.
    func obstacle(to candidate: DeliveryPlan.Candidate) -> Reason? {
        let now = Self.now
        let until: WallTime? = rest.withLock { rest in
            if rest.mayTry(candidate.address, port: candidate.port, at: now) { return nil }
            return rest.restsUntil(candidate.address, port: candidate.port, at: now) ?? now
        }
        guard let until else { return nil }
        return Reason(
            .connectFailed,
            "\(candidate.host.host) [\(candidate.address)]:\(candidate.port) took no connection a short while ago, for this "
                + "destination or another: it is tried again in \(max(1, until.seconds - now.seconds)) s")
    }

    func took(_ candidate: DeliveryPlan.Candidate) {
        rest.withLock { $0.succeeded(candidate.address, port: candidate.port) }
    }

    func refused(_ candidate: DeliveryPlan.Candidate) {
        let now = Self.now
        var generator = SystemRandomNumberGenerator()
        rest.withLock { $0.failed(candidate.address, port: candidate.port, at: now, using: &generator) }
    }

    /// Forgets everything: the operator wants to see for himself.
    func forget() { rest.withLock { $0 = HostRest() } }

    /// Of the monotonic clock: no rest grows or shrinks with the wall clock.
    private static var now: WallTime { WallTime(seconds: Deadline.now.milliseconds / 1000) }
}

extension Deadline {
    /// Of the monotonic clock.
    var milliseconds: Int64 { Int64(clamping: nanoseconds / 1_000_000) }
}
