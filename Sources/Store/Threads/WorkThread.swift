import CLinux
import Glibc
import Synchronization

/// A thread that runs one function to its end. Blocking calls (SQLite, files) live on such threads, never on a loop's.
final class WorkThread: Sendable {
    private let handle: Mutex<pthread_t?>

    /// Starts `body`; nil where the system has no thread to give.
    init?(named name: String, _ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        // Retained here, released by the thread that takes it, or below where there is none.
        let box = Unmanaged.passRetained(
            Box {
                Self.nameThisThread(name)
                // For the handler that notes a crash, where the thread's own stack is used up.
                let signalStack = waxwing_take_signal_stack()
                defer { waxwing_give_back_signal_stack(signalStack) }
                body()
            })
        let result = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, box.toOpaque())
        guard result == 0 else {
            box.release()
            return nil
        }
        handle = Mutex(thread)
    }

    // By the file, because `pthread_setname_np` needs _GNU_SOURCE, with which a module of ours cannot stand beside Glibc's.
    private static func nameThisThread(_ name: String) {
        // proc(5): > In Linux 2.6.33 and later: /proc/self/task/tid/comm ... TASK_COMM_LEN (16) characters
        let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        if descriptor < 0 { return }
        _ = Array(name.utf8.prefix(15)).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        _ = close(descriptor)
    }

    /// Waits for the end of the function; further calls return at once.
    func join() {
        let thread = handle.withLock { handle in
            defer { handle = nil }
            return handle
        }
        if let thread { pthread_join(thread, nil) }
    }
}
