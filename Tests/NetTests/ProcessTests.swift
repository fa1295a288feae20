import Glibc
import Testing

@testable import Net

struct ProcessTests {
    @Test(
        "a child's end is told",
        arguments: [("exit 0", ChildProcess.Status.exited(0)), ("exit 7", .exited(7)), ("kill -9 $$", .signalled(9))])
    func ends(_ script: String, _ status: ChildProcess.Status) async throws {
        try await onLoop { loop in
            let child = try ChildProcess.spawn("/bin/sh", arguments: ["-c", script], on: loop)
            #expect(try await child.wait(until: patience) == status)
            #expect(try await child.wait(until: patience) == status)
            child.kill(SIGKILL)
        }
    }

    @Test("a child speaks over a kept descriptor, with only the environment and descriptors it was given")
    func speaks() async throws {
        try await onLoop { loop in
            let pair = try Stream.pair(on: loop)
            let stream = pair.stream
            let other = pair.takeOther()
            // Numbers that collide: the child's 3 is our other descriptor, its 5 comes from 0.
            let child = try ChildProcess.spawn(
                "/bin/sh", arguments: ["-c", "read word <&3; echo $word $A >&3; ls /proc/self/fd | tr '\\n' ' ' >&3"],
                environment: ["A": "b"], keeping: [(other.rawValue, 3), (0, 5)], on: loop)
            _ = consume other
            try await stream.write(Array("hello\n".utf8), until: patience)
            #expect(try await stream.readLine(limit: 100, until: patience) == .line(Array("hello b".utf8), .lf))
            #expect(try await child.wait(until: patience) == .exited(0))
            guard case .end(let octets) = try await stream.readLine(limit: 100, until: patience) else {
                Issue.record("no end")
                return
            }
            // ls itself opens the lowest free number for the folder it lists.
            #expect(String(decoding: octets, as: UTF8.self) == "0 1 2 3 4 5 ")
            stream.close()
        }
    }

    @Test("waiting has a deadline, and a kill ends it")
    func kill() async throws {
        try await onLoop { loop in
            let child = try ChildProcess.spawn("/bin/sleep", arguments: ["60"], on: loop)
            #expect(await failure { _ = try await child.wait(until: .after(.milliseconds(5))) } == "deadline passed")
            child.kill(SIGTERM)
            #expect(try await child.wait(until: patience) == .signalled(SIGTERM))
        }
    }

    @Test("a program that is not there is an error; a child that is forgotten is killed")
    func forgotten() async throws {
        try await onLoop { loop in
            #expect(throws: Errno.noSuchFile) { try ChildProcess.spawn("/no/such/program", arguments: [], on: loop) }
            let pid = try ChildProcess.spawn("/bin/sleep", arguments: ["60"], on: loop).pid
            #expect(Glibc.kill(pid, 0) == -1 && errno == ESRCH)
        }
    }

    // In a process of its own, which the signals concern alone.
    @Test("signals are waited for, in order; a broken pipe ends nobody; after close the default is back")
    func signals() async throws {
        await #expect(processExitsWith: .signal(SIGTERM)) {
            try await onLoop { loop in
                Signals.ignoreBrokenPipe()
                raise(SIGPIPE)
                let signals = try Signals(on: loop)
                #expect(
                    await failure { _ = try await signals.next(until: .after(.milliseconds(5))) } == "deadline passed")
                for signal in [Signal.hangup, .terminate, .interrupt] {
                    Glibc.kill(getpid(), signal.rawValue)
                    #expect(try await signals.next(until: patience) == signal)
                }
                async let waiting = failure { _ = try await signals.next() }
                while loop.waits == 0 { await Task.yield() }
                signals.close()
                #expect(await waiting == "closed")
            }
            Glibc.kill(getpid(), SIGTERM)
            sleep(5)
        }
    }
}
