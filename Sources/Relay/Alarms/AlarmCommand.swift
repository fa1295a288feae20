import Glibc
import Net

/// `alarm.command`: a program that gets each tiding as JSON on its standard input. No shell; its output is ignored; its
/// environment is a path and nothing of ours.
struct AlarmCommand: Hashable, Sendable {
    let program: String
    let arguments: [String]

    /// Then it is killed, with all that it started in its group. Ours.
    static let timeout: Duration = .seconds(30)
    static let environment = [
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
    ]
    /// Octets of a tiding: what an empty pipe holds, as a rule (pipe(7)); where it holds less, the tiding is not told.
    static let bodyLimit = 65_536

    /// Nil for an empty list.
    init?(_ words: [String]) {
        guard let program = words.first else { return nil }
        self.program = program
        arguments = Array(words.dropFirst())
    }

    /// - Returns: what went wrong; nil where the program ended with status 0.
    func run(_ body: [UInt8], on loop: Loop, within limit: Duration = Self.timeout) async -> String? {
        guard body.count <= Self.bodyLimit else { return "the tiding is longer than a pipe holds" }
        let child: ChildProcess
        do throws(Errno) {
            child = try start(body, on: loop)
        } catch {
            return "\(program) cannot be started: \(error)"
        }
        do throws(SocketError) {
            return Self.problem(try await child.wait(until: .after(limit)), program)
        } catch {
            // Not only itself: what it started holds nothing of ours, but would pile up.
            kill(-child.pid, SIGKILL)
            child.kill(SIGKILL)
            _ = try? await child.wait(until: .after(.seconds(5)))
            return "\(program) took longer than \(limit.components.seconds) seconds"
        }
    }

    private func start(_ body: [UInt8], on loop: Loop) throws(Errno) -> ChildProcess {
        var ends: [CInt] = [-1, -1]
        // No child inherits it by accident: each is started with all but its own closed.
        try Errno.check { pipe(&ends) }
        let output = FileDescriptor(owning: ends[0])
        let input = FileDescriptor(owning: ends[1])
        // A loop never waits for a pipe.
        _ = try Errno.check { fcntl(input.rawValue, F_SETFL, O_NONBLOCK) }
        let count = try Errno.check { body.withUnsafeBytes { write(input.rawValue, $0.baseAddress, $0.count) } }
        guard count == body.count else { throw .again }
        let nothing = FileDescriptor(owning: try Errno.check { open("/dev/null", O_RDWR | O_CLOEXEC) })
        return try ChildProcess.spawn(
            program, arguments: arguments, environment: Self.environment,
            keeping: [(output.rawValue, 0), (nothing.rawValue, 1), (nothing.rawValue, 2)], on: loop)
    }

    private static func problem(_ status: ChildProcess.Status, _ program: String) -> String? {
        switch status {
        case .exited(0): nil
        case .exited(let code): "\(program) ended with status \(code)"
        case .signalled(let signal): "\(program) was ended by signal \(signal)"
        }
    }
}
