import Glibc
import Testing

@testable import Net

struct ListenerTests {
    @Test("accepted streams live on the loop they are given")
    func otherLoop() async throws {
        try await onLoop { loop in
            let other = try Loop(name: "other")
            try other.start()
            defer { other.shutdown() }
            let listener = try Listener(on: loop, address: loopback)
            let client = try await Stream.connect(to: listener.address, on: loop, until: patience)
            let server = try await listener.accept(on: other, until: patience)
            #expect(server.loop === other && server.peerAddress == client.localAddress)
            #expect(await failure { _ = try await server.fill(until: patience) } == "called off the loop")
            try await client.write(Array("a\n".utf8), until: patience)
            let line = await other.run { try? await server.readLine(limit: 2, until: patience) }
            #expect(line == .line([0x61], .lf))
            server.close()
            #expect(await left(on: other) == "")
            client.close()
            listener.close()
        }
    }

    @Test("close ends accept with closed, from any thread; the port is free again")
    func close() async throws {
        try await onLoop { loop in
            let listener = try Listener(on: loop, address: ownLoopback())
            async let accepting = failure { _ = try await listener.accept() }
            while loop.waits == 0 { await Task.yield() }
            await Task.detached { listener.close() }.value
            #expect(await accepting == "closed")
            #expect(await failure { _ = try await listener.accept() } == "closed")
            let again = try Listener(on: loop, address: listener.address)
            #expect(await failure { _ = try await again.accept(until: .after(.milliseconds(5))) } == "deadline passed")
            #expect(await failure { _ = try Listener(on: loop, address: again.address) }.hasPrefix("EADDRINUSE"))
            again.close()
        }
    }

    @Test("close ends the listening also where a child that was just forked has a copy of the descriptor")
    func closeWithCopy() async throws {
        try await onLoop { loop in
            let listener = try Listener(on: loop, address: ownLoopback())
            let address = listener.address
            // A copy in this process is as good as a child's.
            let copy = fcntl(listener.registration.number, F_DUPFD_CLOEXEC, 0)
            #expect(copy >= 0)
            defer { _ = closeNumber(copy) }
            listener.close()
            #expect(
                await failure { _ = try await Stream.connect(to: address, on: loop, until: patience) } == "ECONNREFUSED"
            )
            try Listener(on: loop, address: address).close()
        }
    }

    @Test("an IPv6 listener leaves IPv4 alone")
    func v6Only() async throws {
        try await onLoop { loop in
            // Another test may have the port for IPv4 at the moment: not every time.
            let results = try (0..<10).map { _ in
                let six = try Listener(on: loop, address: .v6(high: 0, low: 0, port: 0, scope: 0))
                defer { six.close() }
                let four = try? Listener(on: loop, address: .v4(address: 0, port: six.address.port ?? 0))
                four?.close()
                return four != nil
            }
            #expect(results.contains(true))
        }
    }

    @Test("a Unix socket's file: mode, stale one replaced, living one and plain file respected, removed at close")
    func unixFile() async throws {
        try await onLoop { loop in
            let path = temporaryPath()
            let listener = try Listener(on: loop, address: .unix(path: path), mode: 0o640)
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o7777 == 0o640)
            #expect(await failure { _ = try Listener(on: loop, address: .unix(path: path)) }.hasPrefix("EADDRINUSE"))
            // The probe was a connection: it is in the backlog, and gone.
            _ = try await listener.accept(until: patience).close()
            listener.close()
            #expect(stat(path, &status) == -1)

            // A file that a dead process left.
            let dead = try FileDescriptor { socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0) }
            let number = dead.rawValue
            try SocketAddress.unix(path: path).withSockaddr { pointer, length throws(Errno) in
                try Errno.check { bind(number, pointer, length) }
            }
            let heir = try Listener(on: loop, address: .unix(path: path))
            // Somebody else's file at our path is left alone.
            unlink(path)
            let plain = open(path, O_CREAT | O_WRONLY, 0o600)
            _ = closeNumber(plain)
            heir.close()
            #expect(stat(path, &status) == 0)
            #expect(await failure { _ = try Listener(on: loop, address: .unix(path: path)) }.hasPrefix("EADDRINUSE"))
            unlink(path)
        }
    }

    @Test("a Unix socket's file gets its group, and nobody of it comes in before")
    func unixGroup() async throws {
        // The process's own group, or as root another one.
        let entry = try #require(getgrgid(geteuid() == 0 ? 1 : getegid()))
        let group = try FileGroup(named: String(cString: entry.pointee.gr_name))
        try await onLoop { loop in
            let path = temporaryPath()
            let listener = try Listener(on: loop, address: .unix(path: path), mode: 0o660, group: group)
            var status = stat()
            #expect(stat(path, &status) == 0)
            #expect(status.st_gid == group.number && status.st_mode & 0o7777 == 0o660 && status.st_uid == geteuid())
            try await Stream.connect(to: listener.address, on: loop, until: patience).close()
            listener.close()
            #expect(stat(path, &status) == -1)
        }
    }

    @Test("a group that is not there is a fault in words")
    func noGroup() {
        for name in ["no-such-group-here", "", "a\0b"] {
            let error = #expect(throws: FileGroupError.self) { try FileGroup(named: name) }
            #expect(error?.description.hasPrefix("there is no group \"\(name)\"") == true)
        }
    }

    // In a process of its own, which gives up being root.
    @Test("a group this process is not in is a fault that says what to do", .enabled(if: geteuid() == 0))
    func otherGroup() async throws {
        await #expect(processExitsWith: .success) {
            #expect(setgroups(0, nil) == 0 && setgid(65534) == 0 && setuid(65534) == 0)
            let error = #expect(throws: FileGroupError.self) { try FileGroup(named: "daemon") }
            #expect(error?.description.contains("SupplementaryGroups=daemon") == true)
        }
    }

    @Test(
        "errors of accept",
        arguments: [
            (EAGAIN, Shortage.nothingThere), (ECONNABORTED, .thatOneFailed), (EPROTO, .thatOneFailed),
            (EPERM, .thatOneFailed),
            (EMFILE, .ourResources), (ENFILE, .ourResources), (ENOBUFS, .ourResources), (ENOMEM, .ourResources),
            (EBADF, .fatal), (EINVAL, .fatal),
        ])
    func shortage(_ number: CInt, _ meaning: Shortage) {
        #expect(Shortage(Errno(rawValue: number)) == meaning)
    }

    // In a process of its own: the limit holds for all tests of this one.
    @Test("without descriptors accept rests without spinning, and goes on when there are some")
    func outOfDescriptors() async throws {
        await #expect(processExitsWith: .success) {
            try await onLoop { loop in
                let listener = try Listener(on: loop, address: loopback)
                let client = try await Stream.connect(to: listener.address, on: loop, until: patience)
                var fillers: [CInt] = []
                var limit = rlimit(rlim_cur: 64, rlim_max: 64)
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                while true {
                    let number = dup(0)
                    if number < 0 { break }
                    fillers.append(number)
                }
                let turn = loop.turn
                async let accepting = listener.accept(until: patience)
                // Three pauses long nothing is accepted, and the loop turns only for timers.
                try await loop.sleep(until: .after(.milliseconds(350)))
                let turns = loop.turn - turn
                #expect(loop.openStreams == 1 && turns < 20)
                fillers.forEach { _ = closeNumber($0) }
                let server = try await accepting
                try await server.write([1], until: patience)
                #expect(try await client.read(upTo: 1, until: patience) == [1])
                // And close ends the pause too.
                server.close()
                client.close()
                listener.close()
            }
        }
    }

    // In a process of its own: it needs more than half of all descriptors.
    @Test("5,000 idle connections on two loops, each of which still answers")
    func idle() async throws {
        await #expect(processExitsWith: .success) {
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = limit.rlim_max
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let count = min(5_000, (Int(clamping: limit.rlim_max) - 100) / 2)
            #expect(count == 5_000)
            try await onLoop { loop in
                let other = try Loop(name: "clients")
                try other.start()
                defer { other.shutdown() }
                let listener = try Listener(on: loop, address: loopback)
                let address = listener.address
                let clients = other.task { () -> Int in
                    var streams: [Stream] = []
                    for _ in 0..<count {
                        guard let stream = try? await Stream.connect(to: address, on: other, until: patience) else {
                            break
                        }
                        streams.append(stream)
                    }
                    var answers = 0
                    for stream in streams {
                        try? await stream.write(Array("NOOP\r\n".utf8), until: patience)
                        if case .line = try? await stream.readLine(limit: 100, until: patience) { answers += 1 }
                    }
                    for stream in streams { stream.close() }
                    return answers
                }
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<count {
                        guard let stream = try? await listener.accept(until: patience) else { break }
                        group.addTask {
                            while case .line = try? await stream.readLine(limit: 100, until: .after(.seconds(300))) {
                                try? await stream.write(Array("250 ok\r\n".utf8), until: patience)
                            }
                            stream.close()
                        }
                    }
                    #expect(loop.openStreams >= count - 1)
                }
                #expect(await clients.value == count)
                #expect(await left(on: other) == "")
                listener.close()
            }
        }
    }
}
