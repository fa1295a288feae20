import Mail
import Synchronization

/// What was raised and cleared, in order.
final class HeardAlarms: AlarmSink {
    private struct Heard {
        var calls: [String] = []
        var standing: [AlarmKind: Set<String>] = [:]
    }

    private let state = Mutex(Heard())

    var heard: [String] { state.withLock { $0.calls } }

    /// "KIND SUBJECT" of what stands.
    var standing: Set<String> {
        state.withLock { state in
            Set(state.standing.flatMap { kind, subjects in subjects.map { "\(kind.rawValue) \($0)" } })
        }
    }

    func raise(_ kind: AlarmKind, of subject: String, _ words: String) {
        state.withLock { state in
            state.calls.append("raise \(kind.rawValue) \(subject)")
            state.standing[kind, default: []].insert(subject)
        }
    }

    func clear(_ kind: AlarmKind, of subject: String, because words: String) {
        state.withLock { state in
            state.calls.append("clear \(kind.rawValue) \(subject)")
            state.standing[kind, default: []].remove(subject)
        }
    }

    func clear(_ kind: AlarmKind, exceptOf subjects: Set<String>, because words: String) {
        for subject in state.withLock({ $0.standing[kind, default: []] }).subtracting(subjects).sorted() {
            clear(kind, of: subject, because: words)
        }
    }
}
