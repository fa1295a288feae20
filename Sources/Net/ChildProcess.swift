import CLinux
import Glibc
import Synchronization

/// A program started by us, whose end a task awaits on a loop. The owner awaits `wait`, so that no zombie stays; a child that
/// is forgotten is killed.
public final class ChildProcess: @unchecked Sendable {
    // @unchecked Sendable because: all is immutable but `status`, which only `wait` touches, on the loop's thread.

    /// How a process ended.
    public enum Status: Hashable, Sendable {
        /// By itself, with this status.
        case exited(CInt)
        /// By this signal.
        case signalled(CInt)
    }

    /// Its number; another process may have it after `wait` has returned.
    public let pid: CInt
    private let registration: Registration
    private var status: Status?
    private let isReaped = Atomic(false)

    private init(pid: CInt, owning process: consuming FileDescriptor, on loop: Loop) {
        self.pid = pid
        registration = Registration(owning: process, on: loop, isStream: false)
        registration.attach()
    }

    deinit {
        if !isReaped.load(ordering: .acquiring) {
            Glibc.kill(pid, SIGKILL)
            // A moment only: nothing survives SIGKILL but a process that waits for its disk.
            waitpid(pid, nil, 0)
        }
        registration.close()
    }

    /// Starts a program by its path. `kept` are descriptors of ours and the numbers they shall have in the child; input, output
    /// and error are ours, every other number from 3 on is closed. Signals are as new. The child gets a process group of its
    /// own, so that ^C reaches us alone. `PR_SET_PDEATHSIG`, if the child asks for it, fires when the *thread* that called this
    /// ends: call it on a loop that lives as long as we do.
    public static func spawn(
        _ program: String, arguments: [String], environment: [String: String] = [:],
        keeping kept: [(descriptor: CInt, number: CInt)] = [], on loop: Loop
    ) throws(Errno) -> ChildProcess {
        // Out of the way first: one descriptor's own number may be another's in the child.
        let floor = (kept.map(\.number).max() ?? 2) + 1
        var sources: [CInt] = []
        defer { sources.forEach { _ = close($0) } }
        for (descriptor, _) in kept {
            sources.append(try Errno.check { fcntl(descriptor, F_DUPFD_CLOEXEC, floor) })
        }

        var actions = posix_spawn_file_actions_t()
        try Errno.checkReturned(posix_spawn_file_actions_init(&actions))
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (source, number) in zip(sources, kept.map(\.number)) {
            try Errno.checkReturned(posix_spawn_file_actions_adddup2(&actions, source, number))
        }
        let numbers = Set(kept.map(\.number))
        for number in 3..<max(3, floor) where !numbers.contains(number) {
            try Errno.checkReturned(posix_spawn_file_actions_addclose(&actions, number))
        }
        try Errno.checkReturned(posix_spawn_file_actions_addclosefrom_np(&actions, max(3, floor)))

        var attributes = posix_spawnattr_t()
        try Errno.checkReturned(posix_spawnattr_init(&attributes))
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t(), all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        try Errno.checkReturned(posix_spawnattr_setflags(&attributes, Int16(flags)))

        var pid: pid_t = 0
        let texts = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let result = withCStrings([program] + arguments) { argv in
            withCStrings(texts) { envp in
                posix_spawn(&pid, program, &actions, &attributes, argv, envp)
            }
        }
        try Errno.checkReturned(result)
        let started = pid
        do throws(Errno) {
            return ChildProcess(pid: started, owning: try FileDescriptor { waxwing_pidfd_open(started) }, on: loop)
        } catch {
            Glibc.kill(started, SIGKILL)
            waitpid(started, nil, 0)
            throw error
        }
    }

    /// Lends the texts as C has them: pointers with a null behind.
    private static func withCStrings<Value>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value
    ) -> Value {
        let copies = texts.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return body(copies + [nil])
    }

    /// Waits for its end, on the loop, and takes its status; again it answers at once.
    public func wait(until deadline: Deadline) async throws(SocketError) -> Status {
        while true {
            guard registration.loop.isOnThread else { throw .offLoop }
            if let status { return status }
            var code: CInt = 0
            let pid = pid
            do throws(Errno) {
                if try Errno.check({ waitpid(pid, &code, WNOHANG) }) == pid {
                    isReaped.store(true, ordering: .releasing)
                    let signal = code & 0x7F  // WTERMSIG of wait(2), a macro
                    let ended = signal == 0 ? Status.exited(code >> 8 & 0xFF) : .signalled(signal)
                    status = ended
                    registration.close()
                    return ended
                }
            } catch {
                throw SocketError(error)
            }
            registration.exhausted(.read)
            try await registration.wait(for: .read, until: deadline).throwUnlessReady()
        }
    }

    /// Sends it a signal, unless it has been waited for.
    public func kill(_ signal: CInt) {
        if !isReaped.load(ordering: .acquiring) { Glibc.kill(pid, signal) }
    }
}
