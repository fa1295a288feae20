import Glibc
import Testing

@testable import Net

/// A transport as TLS is one: octets are masked, a whole block is read ahead, and now and then it wants the other direction.
private final class Mask: Transport {
    private let number: CInt
    private var ahead: [UInt8] = []
    var sendWants: [TransferResult] = []
    var sends = 0

    init(_ number: CInt) { self.number = number }

    func receive(into buffer: UnsafeMutableRawBufferPointer) -> TransferResult {
        if ahead.isEmpty {
            var block = [UInt8](repeating: 0, count: 1_000)
            let count = recv(number, &block, block.count, 0)
            if count == 0 { return .end }
            if count < 0 { return errno == EAGAIN ? .wantRead : .failed(Errno(rawValue: errno)) }
            ahead = block.prefix(count).map { $0 ^ 0x55 }
        }
        // Three octets at a time: the rest raises no event.
        let part = ahead.prefix(min(3, buffer.count))
        buffer.copyBytes(from: part)
        ahead.removeFirst(part.count)
        return .bytes(part.count)
    }

    func send(_ bytes: UnsafeRawBufferPointer) -> TransferResult {
        if let want = sendWants.popLast() { return want }
        sends += 1
        let masked = bytes.map { $0 ^ 0x55 }
        let count = Glibc.send(number, masked, masked.count, CInt(MSG_NOSIGNAL))
        if count < 0 { return errno == EAGAIN ? .wantWrite : .failed(Errno(rawValue: errno)) }
        return .bytes(count)
    }
}

struct TransportTests {
    @Test("lines and blocks go through a transport, and octets it holds back are found")
    func through() async throws {
        try await withPair { _, client, server in
            client.replaceTransport(client.withDescriptor { Mask($0) })
            server.replaceTransport(server.withDescriptor { Mask($0) })
            try await client.write(Array("EHLO a\r\nMAIL FROM:<>\r\n".utf8), until: patience)
            #expect(try await server.readLine(limit: 100, until: patience) == .line(Array("EHLO a".utf8), .crlf))
            #expect(try await server.readLine(limit: 100, until: patience) == .line(Array("MAIL FROM:<>".utf8), .crlf))
            let octets = StreamWritingTests.pattern(600_000)
            async let writing: Void = server.write(
                [octets[..<10], octets[10..<30_000], octets[30_000...]], until: patience)
            #expect(try await StreamWritingTests.collect(octets.count, from: client) == octets)
            try await writing
            client.close()
            #expect(try await server.readLine(limit: 100, until: patience) == .end([]))
        }
    }

    @Test("small chunks are joined before they are sealed")
    func joined() async throws {
        try await withPair { _, client, server in
            let mask = Mask(client.registration.number)
            client.replaceTransport(mask)
            try await client.write([[1, 2], [3], [4, 5]], until: patience)
            #expect(mask.sends == 1)
            #expect(try await StreamWritingTests.collect(5, from: server) == [1, 2, 3, 4, 5].map { $0 ^ 0x55 })
        }
    }

    @Test("a write that wants to read waits for reading, and the other way round")
    func crossed() async throws {
        try await withPair { loop, client, server in
            let mask = Mask(client.registration.number)
            client.replaceTransport(mask)
            mask.sendWants = [.wantWrite, .wantRead]
            async let writing: Void = client.write([0x20], until: patience)
            while loop.waits == 0 { await Task.yield() }
            try await server.write([0x21], until: patience)
            try await writing
            #expect(try await server.read(upTo: 1, until: patience) == [0x75])
            #expect(try await client.read(upTo: 1, until: patience) == [0x74])
        }
    }

    @Test("a handshake is driven step by step, expires, fails, and is ended by close")
    func perform() async throws {
        try await withPair { loop, client, server in
            var steps = 0
            async let hello: Void = {
                try await loop.sleep(until: .after(.milliseconds(5)))
                try await server.write([1], until: patience)
            }()
            try await client.perform(until: patience) {
                steps += 1
                var octet: UInt8 = 0
                return client.withDescriptor { recv($0, &octet, 1, 0) } == 1 ? .done : .wantRead
            }
            try await hello
            #expect(steps == 2)
            #expect(
                await failure { try await client.perform(until: .after(.milliseconds(5))) { .wantRead } }
                    == "deadline passed")
            #expect(loop.timers == 0)
            #expect(
                await failure { try await client.perform(until: patience) { .failed(Errno.brokenPipe) } }
                    == "connection reset by peer")
            struct Alert: Error {}
            #expect(await failure { try await client.perform(until: patience) { .failed(Alert()) } } == "Alert()")
            async let waiting = failure { try await client.perform(until: patience) { .wantRead } }
            while loop.waits == 0 { await Task.yield() }
            client.close()
            #expect(await waiting == "closed")
            #expect(client.withDescriptor { $0 } == nil)
        }
    }
}
