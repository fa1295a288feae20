import Mail
import Synchronization

/// The faults on this side that stand now, for those who write down why mail waits. Safe from any thread.
final class LocalFaults: Sendable {
    private let standing = Mutex<[AlarmKind]>([])

    /// Takes the place of what stood before.
    func set(_ kinds: [AlarmKind]) { standing.withLock { $0 = kinds } }

    /// The fault that may be what really kept mail back; nil where none stands.
    func suspect(of cause: Reason.Cause) -> AlarmKind? {
        standing.withLock { $0.first { $0.mayExplain(cause) } }
    }
}

extension Outcome {
    /// A deferral with the suspicion in its words; all else as it is.
    func suspecting(_ kind: AlarmKind?) -> Outcome {
        guard let kind, case .deferred(let reason, let reply) = self else { return self }
        return .deferred(reason.suspecting(kind), reply)
    }
}
