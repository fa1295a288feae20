import Glibc
import Testing

@testable import Net

struct ConnectTests {
    @Test("a refused connection is told as such, TCP and Unix")
    func refused() async throws {
        try await onLoop { loop in
            let listener = try Listener(on: loop, address: ownLoopback())
            let address = listener.address
            listener.close()
            #expect(
                await failure { _ = try await Stream.connect(to: address, on: loop, until: patience) } == "ECONNREFUSED"
            )
            let path = SocketAddress.unix(path: temporaryPath())
            #expect(await failure { _ = try await Stream.connect(to: path, on: loop, until: patience) } == "ENOENT")
            let long = SocketAddress.unix(path: String(repeating: "x", count: 200))
            #expect(
                await failure { _ = try await Stream.connect(to: long, on: loop, until: patience) } == "ENAMETOOLONG")
        }
    }

    @Test("a host that does not answer costs the deadline, and nothing is left")
    func blackHole() async throws {
        try await onLoop { loop in
            // A full backlog drops what comes: the first connections fill it, one of the next must hang.
            let silent = try FileDescriptor { socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0) }
            let number = silent.rawValue
            try loopback.withSockaddr { pointer, length throws(Errno) in
                try Errno.check { bind(number, pointer, length) }
            }
            try Errno.check { listen(number, 0) }
            let address = try #require(
                try SocketAddress.read { pointer, length throws(Errno) in
                    try Errno.check { getsockname(number, pointer, length) }
                })
            var streams: [Stream] = []
            let result = await failure {
                for _ in 0..<10 {
                    streams.append(try await Stream.connect(to: address, on: loop, until: .after(.milliseconds(60))))
                }
            }
            #expect(result == "deadline passed")
            #expect(loop.openStreams == streams.count && loop.timers == 0)
            streams.forEach { $0.close() }
        }
    }

    @Test("the source address is used; one that is not ours is refused")
    func source() async throws {
        try await onLoop { loop in
            let listener = try Listener(on: loop, address: loopback)
            let source = try #require(SocketAddress("127.0.0.9:0"))
            let client = try await Stream.connect(to: listener.address, from: source, on: loop, until: patience)
            #expect(try await listener.accept(until: patience).peerAddress?.host == "127.0.0.9")
            let foreign = try #require(SocketAddress("192.0.2.1:0"))
            #expect(
                await failure {
                    _ = try await Stream.connect(to: listener.address, from: foreign, on: loop, until: patience)
                }
                    == "EADDRNOTAVAIL")
            client.close()
            listener.close()
        }
    }

    @Test("off its loop connect refuses, and so does a loop that stopped")
    func offLoop() async throws {
        let loop = try Loop(name: "stopped")
        #expect(
            await failure { _ = try await Stream.connect(to: loopback, on: loop, until: patience) }
                == "called off the loop")
        try loop.start()
        loop.shutdown()
        #expect(
            await loop.run { await failure { _ = try await Stream.connect(to: loopback, on: loop, until: patience) } }
                == "called off the loop")
    }
}

struct RegistrationTests {
    @Test("an event for a closed descriptor does not reach the one that has its number now")
    func staleEvent() async throws {
        try await onLoop { loop in
            func fresh() throws -> Registration {
                let pair = try Stream.pair(on: loop)
                let registration = Registration(owning: pair.takeOther(), on: loop, isStream: false)
                registration.attach()
                return registration
            }
            // Another test may take the number in between: again, until nobody does.
            var old = try fresh()
            var oldKey = old.key
            old.close()
            var young = try fresh()
            while young.number != old.number {
                (old, oldKey) = (young, young.key)
                old.close()
                young = try fresh()
            }
            defer { young.close() }
            #expect(young.key != oldKey)
            #expect(!young.isReadable)
            loop.dispatch(1, to: oldKey)  // EPOLLIN
            #expect(!young.isReadable)
            loop.dispatch(1, to: young.key)
            #expect(young.isReadable)
            // Numbers that nobody has.
            loop.dispatch(1, to: UInt64(UInt32.max))
            loop.dispatch(1, to: 1 << 32 | 999_999)
        }
    }

    @Test("generations wrap without meeting the key of the wake-up")
    func wrap() async throws {
        try await onLoop { loop in
            loop.lastGeneration = .max - 1
            let pair = try Stream.pair(on: loop)
            #expect(pair.stream.registration.key >> 32 == 0)
            pair.stream.close()
        }
    }

    @Test("a descriptor that epoll refuses is closed, and says so")
    func refused() async throws {
        try await onLoop { loop in
            let path = temporaryPath()
            let file = try FileDescriptor { open(path, O_CREAT | O_RDWR, 0o600) }  // epoll takes no plain files
            unlink(path)
            let registration = Registration(owning: file, on: loop, isStream: false)
            registration.attach()
            #expect(registration.isClosed)
            #expect(await registration.wait(for: .read, until: patience) == .closed)
        }
    }
}
