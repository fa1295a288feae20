import Mail
import Net
import Synchronization

/// What all destinations learn of dead hosts: an address that took no connection for one of them is left alone for a while by
/// all, so that a thousand domains at one dead host do not find it out one by one. Safe from any thread.
final class HostRests: Sendable {
    private let rest: Mutex<HostRest>

    /// - Parameter longest: seconds; no longer than mail waits after its first failure, so that no attempt is lost to it.
    init(longest: Int64) {
        rest = Mutex(HostRest(longest: longest))
    }

    /// Why no connection to it is tried now; nil where one may be, and then what comes of it is told by ``took(_:)`` or
    /// ``refused(_:)``.
    func obstacle(to candidate: DeliveryPlan.Candidate) -> Reason? {
        let now = Deadline.now.seconds
        guard let rests = rest.withLock({ $0.obstacle(candidate.address, candidate.port, at: now) }) else { return nil }
        return Reason(
            .connectFailed,
            "\(candidate.host.host) [\(candidate.address)]:\(candidate.port) took no connection a short while ago, for this "
                + "destination or another: it is tried again in \(max(1, rests - now)) s")
    }

    func took(_ candidate: DeliveryPlan.Candidate) {
        rest.withLock { $0.took(candidate.address, candidate.port) }
    }

    func refused(_ candidate: DeliveryPlan.Candidate) {
        let now = Deadline.now.seconds
        var generator = SystemRandomNumberGenerator()
        rest.withLock { $0.refused(candidate.address, candidate.port, at: now, using: &generator) }
    }

    /// Forgets everything: the operator wants to see for himself.
    func forget() { rest.withLock { $0.forget() } }
}

extension Deadline {
    /// Of the monotonic clock.
    var milliseconds: Int64 { Int64(clamping: nanoseconds / 1_000_000) }
    var seconds: Int64 { Int64(clamping: nanoseconds / 1_000_000_000) }
}
