import CLinux

/// A second stack for a thread's signal handlers.
///
/// What notes a crash is a handler, and runs on the thread that fell. Where that has used up its stack there is no room for one, and the
/// kernel ends the process without calling it.
public enum SignalStack {
    /// Runs `body` on this thread with a stack for its handlers; without one where none is to be had.
    public static func during(_ body: () -> Void) {
        let stack = waxwing_take_signal_stack()
        defer { waxwing_give_back_signal_stack(stack) }
        body()
    }
}
