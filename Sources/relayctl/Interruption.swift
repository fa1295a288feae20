import Glibc
import Synchronization

/// Notes Ctrl-C while it lives, instead of ending the program: what is under way is ended properly. One at a time.
struct Interruption {
    private static let hasHappened = Atomic(false)

    init() {
        // Made here, so that the handler finds it made.
        Self.hasHappened.store(false, ordering: .relaxed)
        // Not a source of libdispatch: one that follows upon another may find the signal ignored.
        signal(SIGINT) { _ in
            // Who asks a second time does not want to wait for the page either. 130 as in `ExitStatus.interrupted`; a handler
            // may call little.
            if Interruption.hasHappened.exchange(true, ordering: .relaxed) { _exit(130) }
        }
    }

    var happened: Bool { Self.hasHappened.load(ordering: .relaxed) }

    /// Ctrl-C ends the program again.
    func end() {
        signal(SIGINT, SIG_DFL)
    }
}

/// One line on standard error that is written over; only where that is a terminal.
struct ProgressLine {
    private let isTerminal = isatty(STDERR_FILENO) == 1

    func show(_ text: String) {
        if isTerminal { Output.prompt("\r\(text)\u{1B}[K") }
    }

    func clear() {
        if isTerminal { Output.prompt("\r\u{1B}[K") }
    }
}
