import CLinux
import Glibc
import Net

/// What both ends do with their process: SIGTERM and SIGINT become something to poll for.
enum EndProcess {
    /// A descriptor that is readable once the process shall end.
    static func catchSignals() throws(Errno) -> CInt {
        var pair: [CInt] = [-1, -1]
        try Errno.check { socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) }
        for signal in [SIGTERM, SIGINT] {
            let number = pair[1]
            try Errno.check { waxwing_catch_signal(signal, number) }
        }
        // OpenSSL writes with write(2): a peer that has gone is an error like others.
        _ = waxwing_reset_signal(SIGPIPE, 1)
        return pair[0]
    }

    /// A thread that works until the process ends.
    static func start(_ body: @escaping @Sendable () -> Void) throws(Errno) {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Body(run: body))
        let number = pthread_create(
            &thread, nil,
            { argument in
                argument.map { Unmanaged<Body>.fromOpaque($0).takeRetainedValue().run() }
                return nil
            }, box.toOpaque())
        if number != 0 { throw Errno(rawValue: number) }
        pthread_detach(thread)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// At once: threads that still work are not waited for.
    static func end(_ status: CInt) -> Never {
        fflush(nil)
        _exit(status)
    }
}
