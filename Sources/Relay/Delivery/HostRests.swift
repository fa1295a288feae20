import Glibc
import Mail
import Net
import Synchronization

/// What all destinations learn of dead hosts: an address that took no connection for one of them is left alone for a while by
/// all, so that a thousand domains at one dead host do not find it out one by one. Safe from any thread.
final class HostRests: Sendable {
    private let rest = Mutex(HostRest())

    /// Why no connection to it is tried now; nil where one may be, and then what comes of it is told by ``took(_:)`` or
    /// ``ended(_:_:isStopping:)``.
    /// - Returns: with the seconds until it is tried again.
    func obstacle(to candidate: DeliveryPlan.Candidate) -> (reason: Reason, seconds: Int64)? {
        let now = Self.now
        let until: WallTime? = rest.withLock { rest in
            if rest.mayTry(candidate.address, port: candidate.port, at: now) { return nil }
            return rest.restsUntil(candidate.address, port: candidate.port, at: now) ?? now
        }
        guard let until else { return nil }
        let seconds = max(1, until.seconds - now.seconds)
        let reason = Reason(
            .connectFailed,
            "\(candidate.host.host) [\(candidate.address)]:\(candidate.port) took no connection a short while ago, for this "
                + "destination or another: it is tried again in \(seconds) s")
        return (reason, seconds)
    }

    func took(_ candidate: DeliveryPlan.Candidate) {
        rest.withLock { $0.succeeded(candidate.address, port: candidate.port) }
    }

    /// No connection came to be. What is the matter on this side (no descriptor, no route for the family, our end) says
    /// nothing about the host.
    func ended(_ candidate: DeliveryPlan.Candidate, _ error: SocketError, isStopping: Bool) {
        let now = Self.now
        var generator = SystemRandomNumberGenerator()
        rest.withLock { rest in
            if error.blamesHost, !isStopping {
                rest.failed(candidate.address, port: candidate.port, at: now, using: &generator)
            } else {
                rest.released(candidate.address, port: candidate.port)
            }
        }
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

extension SocketError {
    /// The other side, or the way there, is to blame.
    fileprivate var blamesHost: Bool {
        switch self {
        case .expired, .reset, .system(.connectionRefused): true
        case .system(let errno): errno.rawValue == EHOSTUNREACH || errno.rawValue == ETIMEDOUT
        default: false
        }
    }
}
