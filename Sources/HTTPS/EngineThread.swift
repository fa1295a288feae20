import Glibc
import Net
import Synchronization

/// A thread that runs one function to its end, with all signals blocked but those of its own faults.
final class EngineThread: Sendable {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private let handle: Mutex<pthread_t?>

    /// Starts `body`; nil where the system has no thread to give.
    init?(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        // Retained here, released by the thread that takes it, or below where there is none.
        let work = Unmanaged.passRetained(Work(body))
        // OpenSSL writes with write(2): a peer that has gone raises SIGPIPE here, whatever the rest of the process does
        // about it. A thread inherits the mask of the one that makes it.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        // But a fault that is blocked ends the process without a call of the handler that notes it for the next start.
        for fault in FaultSignals.all { sigdelset(&all, fault) }
        pthread_sigmask(SIG_SETMASK, &all, &before)
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                SignalStack.during { work.body() }
                return nil
            }, work.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard result == 0 else {
            work.release()
            return nil
        }
        handle = Mutex(thread)
    }

    deinit {
        // Nobody waited for it: the system cleans up after it.
        if let thread = take() { pthread_detach(thread) }
    }

    /// Waits for the end of the function; further calls return at once.
    func join() {
        if let thread = take() { pthread_join(thread, nil) }
    }

    private func take() -> pthread_t? {
        handle.withLock { handle in
            defer { handle = nil }
            return handle
        }
    }
}
