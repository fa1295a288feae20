import Synchronization

/// A value that is replaced as a whole: whoever begins something takes it once, and keeps what he took. Safe from any thread.
final class Current<Value: Sendable>: Sendable {
    private let held: Mutex<Value>

    init(_ value: Value) {
        held = Mutex(value)
    }

    var value: Value { held.withLock { $0 } }

    /// - Returns: what it was.
    @discardableResult
    func replace(with new: Value) -> Value {
        held.withLock { held in
            defer { held = new }
            return held
        }
    }
}
