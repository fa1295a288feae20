import Glibc
import Net
import Synchronization

/// One worker process and the daemon's end of its socket.
final class WorkerProcess: Sendable {
    let stream: Net.Stream
    let child: ChildProcess
    /// Why the daemon gave it up, where it did.
    private let complaint = Mutex<String?>(nil)

    private init(stream: Net.Stream, child: ChildProcess) {
        self.stream = stream
        self.child = child
    }

    /// Starts `program`. To be called on the loop's thread: the worker dies with the thread that made it.
    static func spawn(_ program: String, _ arguments: [String], on loop: Loop) throws(ResolverError) -> WorkerProcess {
        do throws(Errno) {
            let pair = try Net.Stream.pair(on: loop)
            do throws(Errno) {
                let child = try ChildProcess.spawn(
                    program, arguments: arguments,
                    keeping: [(descriptor: pair.other.rawValue, number: ResolverWorker.descriptor)], on: loop)
                return WorkerProcess(stream: pair.stream, child: child)
            } catch {
                pair.stream.close()
                throw error
            }
        } catch {
            throw .system(call: "spawn \(program)", errno: error.rawValue)
        }
    }

    /// Gives it up: whoever reads from it finds the end.
    func giveUp(_ reason: String) {
        complaint.withLock { $0 = $0 ?? reason }
        stream.close()
    }

    /// Ends it, by force where it does not go when its socket closes, and says why: what was held against it, else
    /// how it went.
    func end() async -> String {
        stream.close()
        var status = await exit(within: Self.farewellTimeout)
        if status == nil {
            child.kill(SIGKILL)
            status = await exit(within: Self.reapTimeout)
        }
        return complaint.withLock { $0 } ?? status?.words ?? "it cannot be ended"
    }

    /// How long a worker may take to go when its socket closes.
    static let farewellTimeout: Duration = .seconds(1)

    /// How long the kernel may need to end a killed process.
    static let reapTimeout: Duration = .seconds(5)

    private func exit(within time: Duration) async -> ChildProcess.Status? {
        do {
            return try await child.wait(until: .after(time))
        } catch {
            return nil
        }
    }
}

extension ChildProcess.Status {
    fileprivate var words: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .signalled(let number): "signal \(number)"
        }
    }
}
