import Dispatch
import Glibc
import Synchronization

/// Notes Ctrl-C while it lives, instead of ending the program: what is under way is ended properly.
struct Interruption {
    private let source: any DispatchSourceSignal
    private let flag = Flag()

    private final class Flag: Sendable {
        let isSet = Atomic(false)
        let isRegistered = Atomic(false)
    }

    init() {
        // The source sees the signal besides its usual meaning, which would end the program.
        signal(SIGINT, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler { [flag] in
            // Who asks a second time does not want to wait for the page either.
            if flag.isSet.exchange(true, ordering: .relaxed) { _exit(ExitStatus.interrupted.code) }
        }
        source.setRegistrationHandler { [flag] in flag.isRegistered.store(true, ordering: .relaxed) }
        source.resume()
    }

    /// From here on Ctrl-C is noted; a moment earlier it is without effect.
    var isListening: Bool { flag.isRegistered.load(ordering: .relaxed) }

    var happened: Bool { flag.isSet.load(ordering: .relaxed) }

    /// Ctrl-C ends the program again.
    func end() {
        source.cancel()
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
