import Glibc
import Testing

@testable import Net

struct StreamWritingTests {
    /// Octets that show a loss or a swap.
    static func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) } }

    /// Reads exactly so many octets.
    static func collect(_ count: Int, from stream: Stream) async throws -> [UInt8] {
        var octets: [UInt8] = []
        while octets.count < count, let more = try await stream.read(upTo: count - octets.count, until: patience) {
            octets += more
        }
        return octets
    }

    @Test("more than the socket holds, both ways at once: reading while writing cannot block for ever")
    func bothWays() async throws {
        try await withPair { _, client, server in
            let octets = Self.pattern(3_000_000)
            async let sentOut: Void = client.write(octets, until: patience)
            async let sentBack: Void = server.write(octets, until: patience)
            async let received = Self.collect(octets.count, from: client)
            let arrived = try await Self.collect(octets.count, from: server)
            #expect(difference(arrived, octets) == nil)
            let taken = try await received
            #expect(difference(taken, octets) == nil)
            try await sentOut
            try await sentBack
        }
    }

    @Test("chunks go out in order, empty ones and more than one call takes included", arguments: [0, 1, 16, 17, 100])
    func vectored(_ count: Int) async throws {
        try await withPair { _, client, server in
            let chunks = (0..<count).map { Self.pattern($0 * 1_000)[...] }
            let all = Array(chunks.joined())
            async let writing: Void = client.write(chunks, until: patience)
            #expect(try await Self.collect(all.count, from: server) == all)
            try await writing
        }
    }

    @Test("queued octets go before written ones, whichever way those go", arguments: [1, 4_096, 4_097, 500_000])
    func coalesced(_ count: Int) async throws {
        try await withPair { _, client, server in
            let octets = Self.pattern(count)
            try client.put("250 ")
            try client.put(Array("o".utf8))
            try client.put(Array("xk\r\n".utf8)[1...])
            try Array("more".utf8).withUnsafeBytes { try client.put($0) }
            #expect(client.unsentCount == 12)
            async let writing: Void = client.write(octets, until: patience)
            #expect(try await Self.collect(12 + count, from: server) == Array("250 ok\r\nmore".utf8) + octets)
            try await writing
            #expect(client.unsentCount == 0)
            try client.put("x")
            try await client.write([octets[...], [1]], until: patience)
            #expect(try await Self.collect(2 + count, from: server) == [0x78] + octets + [1])
            try await client.flush(until: patience)
        }
    }

    @Test("put refuses past outputLimit, not at it")
    func outputLimit() async throws {
        try await withPair { _, client, server in
            try client.put([UInt8](repeating: 1, count: Stream.outputLimit - 1))
            try client.put("x")
            #expect(await failure { try client.put("x") } == "buffer full")
            async let received = Self.collect(Stream.outputLimit, from: server)
            try await client.flush(until: patience)
            #expect(try await received.count == Stream.outputLimit)
            try client.put("x")
        }
    }

    @Test("a write to a peer that does not read expires, and writing stays impossible")
    func expiry() async throws {
        try await withPair { loop, client, server in
            let block = [UInt8](repeating: 1, count: 20_000_000)
            #expect(
                await failure { try await client.write(block, until: .after(.milliseconds(30))) } == "deadline passed")
            #expect(loop.timers == 0 && loop.waits == 0)
            #expect(await failure { try await client.write([1], until: patience) } == "deadline passed")
            #expect(await failure { try client.put("x") } == "deadline passed")
            _ = server
        }
    }

    @Test("half-close: the peer reads the end and still answers")
    func halfClose() async throws {
        try await withPair { _, client, server in
            try await client.write(Array("QUIT\r\n".utf8), until: patience)
            try client.shutdownWrite()
            #expect(try await server.readLine(limit: 10, until: patience) == .line(Array("QUIT".utf8), .crlf))
            #expect(try await server.readLine(limit: 10, until: patience) == .end([]))
            try await server.write(Array("221 bye\r\n".utf8), until: patience)
            server.close()
            #expect(try await client.readLine(limit: 10, until: patience) == .line(Array("221 bye".utf8), .crlf))
            #expect(try await client.readLine(limit: 10, until: patience) == .end([]))
            #expect(try await client.readLine(limit: 10, until: patience) == .end([]))
            #expect(await failure { try await client.write([1], until: patience) } == "connection reset by peer")
        }
    }

    @Test(
        "a reset is told apart from an end, to a reader who waits and to one who comes later", arguments: [true, false])
    func reset(_ isWaiting: Bool) async throws {
        try await withPair { loop, client, server in
            async let early =
                isWaiting ? failure { _ = try await server.fill(until: patience) } : "connection reset by peer"
            while isWaiting && loop.waits == 0 { await Task.yield() }
            // With l_linger 0 close(2) sends RST.
            var linger = linger(l_onoff: 1, l_linger: 0)
            client.withDescriptor {
                _ = setsockopt($0, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
            }
            client.close()
            #expect(await early == "connection reset by peer")
            if !isWaiting {
                #expect(await failure { _ = try await server.fill(until: patience) } == "connection reset by peer")
            }
            #expect(await failure { try await server.write([1], until: patience) } == "connection reset by peer")
        }
    }

    @Test("close ends a pending write")
    func closeWhileWriting() async throws {
        try await withPair { loop, client, server in
            async let writing = failure {
                try await client.write([UInt8](repeating: 1, count: 20_000_000), until: patience)
            }
            while loop.waits == 0 { await Task.yield() }
            await Task.detached { client.close() }.value
            #expect(await writing == "closed")
            _ = server
        }
    }

    @Test("Unix sockets: streams, credentials, a pair")
    func unix() async throws {
        try await onLoop { loop in
            let path = temporaryPath()
            let (client, server) = try await connectedPair(on: loop, at: .unix(path: path))
            #expect(server.peerCredentials == PeerCredentials(pid: getpid(), uid: getuid(), gid: getgid()))
            #expect(server.peerAddress == .unix(path: "") && server.localAddress == .unix(path: path))
            let octets = Self.pattern(1_000_000)
            async let writing: Void = client.write(octets, until: patience)
            #expect(difference(try await Self.collect(octets.count, from: server), octets) == nil)
            try await writing
            client.close()
            server.close()

            let pair = try Stream.pair(on: loop)
            let ours = pair.stream
            let other = try Stream(adopting: pair.takeOther(), on: loop)
            try await ours.write(Array("question\n".utf8), until: patience)
            #expect(try await other.readLine(limit: 9, until: patience) == .line(Array("question".utf8), .lf))
            #expect(ours.peerCredentials?.pid == getpid())
            other.close()
            #expect(try await ours.readLine(limit: 9, until: patience) == .end([]))
            ours.close()
        }
    }

    @Test("TCP addresses of both ends agree, credentials are none", arguments: ["127.0.0.1:0", "[::1]:0"])
    func addresses(_ text: String) async throws {
        try await onLoop { loop in
            let address = try #require(SocketAddress(text))
            let (client, server) = try await connectedPair(on: loop, at: address)
            #expect(client.localAddress == server.peerAddress && client.peerAddress == server.localAddress)
            #expect(client.peerAddress?.host == address.host)
            #expect(client.peerCredentials == nil)
            client.close()
            server.close()
            #expect(client.localAddress == nil)
        }
    }

    @Test("a stream let go closes itself, from any thread")
    func letGo() async throws {
        try await onLoop { loop in
            var pair: (Stream, Stream)? = try await connectedPair(on: loop)
            let peer = try #require(pair?.1)
            pair = nil
            #expect(try await peer.readLine(limit: 10, until: patience) == .end([]))
            #expect(loop.openStreams == 1)
            peer.close()
        }
    }
}
