import Glibc
import Testing

@testable import Net

func closeNumber(_ number: CInt) -> CInt { close(number) }

struct StreamReadingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let sent: String
        let reads: [LineRead]
        init(_ sent: String, _ reads: LineRead...) {
            self.sent = sent
            self.reads = reads
        }
        var testDescription: String { "\(sent.debugDescription)" }
    }

    static let cases = [
        Case("EHLO a\r\nQUIT\r\n", .line(Array("EHLO a".utf8), .crlf), .line(Array("QUIT".utf8), .crlf), .end([])),
        Case("a\nb\r\n", .line([0x61], .lf), .line([0x62], .crlf), .end([])),  // the difference is told
        Case("\r\n\n\r\n", .line([], .crlf), .line([], .lf), .line([], .crlf), .end([])),  // empty lines
        Case("a\rb\r\r\n", .line([0x61, 0x0D, 0x62, 0x0D], .crlf), .end([])),  // bare CRs stay in the line
        Case("\0\u{1}\r\n", .line([0, 1], .crlf), .end([])),  // any octet
        Case("abc", .end(Array("abc".utf8))),  // cut off
        Case("a\r\nb\r", .line([0x61], .crlf), .end([0x62, 0x0D])),  // cut off inside the ending
        Case("", .end([])),
        // 18: the limit
        Case("1234567890123456\r\nx\r\n", .line(Array("1234567890123456".utf8), .crlf), .line([0x78], .crlf), .end([])),
        Case("12345678901234567\n", .line(Array("12345678901234567".utf8), .lf), .end([])),  // 18 with LF
        Case("12345678901234567\r\n", .tooLong),  // 19: one past it
        Case("123456789012345678\n", .tooLong),
        Case("123456789012345678", .tooLong),  // 18 and no LF: whatever comes, it is too long
        Case("12345678901234567", .end(Array("12345678901234567".utf8))),
    ]

    @Test("lines, limit 18", arguments: cases)
    func whole(_ one: Case) async throws {
        try await withPair { _, client, server in
            try await client.write(Array(one.sent.utf8), until: patience)
            try client.shutdownWrite()
            for expected in one.reads { #expect(try await server.readLine(limit: 18, until: patience) == expected) }
        }
    }

    @Test("lines byte by byte, limit 18", arguments: cases)
    func byteAtATime(_ one: Case) async throws {
        try await withPair { loop, client, server in
            async let writing: Void = {
                for octet in one.sent.utf8 {
                    try await client.write([octet], until: patience)
                    await Task.yield()
                }
                try client.shutdownWrite()
            }()
            for expected in one.reads { #expect(try await server.readLine(limit: 18, until: patience) == expected) }
            try await writing
        }
    }

    @Test(
        "a line too long can be skipped with bounded memory, and the next is read",
        arguments: [19, 100, 70_000, 1_000_000])
    func discard(_ length: Int) async throws {
        try await withPair { _, client, server in
            async let writing: Void = {
                try await client.write([UInt8](repeating: 0x61, count: length - 2), until: patience)
                try await client.write(Array("\r\nQUIT\r\nrest".utf8), until: patience)
                try client.shutdownWrite()
            }()
            #expect(try await server.readLine(limit: 18, until: patience) == .tooLong)
            #expect(try await server.readLine(limit: 18, until: patience) == .tooLong)
            let (count, ending) = try await server.discardLine(until: patience)
            #expect(count == length && ending == .crlf)
            #expect(server.input.capacity <= InputBuffer.blockSize)
            #expect(try await server.readLine(limit: 18, until: patience) == .line(Array("QUIT".utf8), .crlf))
            let (rest, noEnding) = try await server.discardLine(until: patience)
            #expect(rest == 4 && noEnding == nil)
            try await writing
        }
    }

    @Test("the ending of a skipped line is known across reads")
    func discardSplit() async throws {
        try await withPair { loop, client, server in
            async let skipped = server.discardLine(until: patience)
            for part in ["aaa", "\r", "\n"] {
                try await client.write(Array(part.utf8), until: patience)
                while await loop.run({ loop.waits == 0 || server.bufferedCount > 0 }) {}
                if part == "\n" { break }
            }
            let (count, ending) = try await skipped
            #expect(count == 5 && ending == .crlf)
        }
    }

    @Test("a line longer than a block grows the buffer up to its limit")
    func longLine() async throws {
        try await withPair { _, client, server in
            let line = [UInt8](repeating: 0x62, count: 40_000)
            async let writing: Void = client.write([line[...], [0x0D, 0x0A]], until: patience)
            #expect(try await server.readLine(limit: 40_002, until: patience) == .line(line, .crlf))
            try await writing
        }
    }

    @Test("a read expires and leaves nothing armed; the stream goes on")
    func expiry() async throws {
        try await withPair { loop, client, server in
            let start = Deadline.now
            #expect(
                await failure { _ = try await server.readLine(limit: 10, until: .after(.milliseconds(20))) }
                    == "deadline passed")
            #expect(start.advanced(by: .milliseconds(20)) <= .now)
            #expect(loop.timers == 0 && loop.waits == 0)
            #expect(await failure { _ = try await server.fill(until: .after(.seconds(-1))) } == "deadline passed")
            try await client.write(Array("a\r\n".utf8), until: patience)
            #expect(try await server.readLine(limit: 10, until: patience) == .line([0x61], .crlf))
        }
    }

    @Test("one absolute deadline holds for a line that drips")
    func dripping() async throws {
        try await withPair { loop, client, server in
            let deadline = Deadline.after(.milliseconds(50))
            async let result = failure { _ = try await server.readLine(limit: 1_000, until: deadline) }
            while !deadline.advanced(by: .milliseconds(20)).hasPassed {
                try await client.write([0x61], until: patience)
                try await loop.sleep(until: .after(.milliseconds(2)))
            }
            #expect(await result == "deadline passed")
        }
    }

    @Test("the buffer: fill, look, take, discard")
    func buffer() async throws {
        try await withPair { _, client, server in
            try await client.write(Array("220 hi\r\ninjected".utf8), until: patience)
            while server.bufferedCount < 16 { #expect(try await server.fill(until: patience) != .end) }
            #expect(try await server.readLine(limit: 100, until: patience) == .line(Array("220 hi".utf8), .crlf))
            #expect(server.bufferedCount == 8)
            let first = server.withBuffer { bytes in (2, Array(bytes)) }
            #expect(first == Array("injected".utf8))
            // a count out of range consumes what there is, or nothing
            let all = server.withBuffer { bytes in (-1, bytes.count) }
            #expect(all == 6)
            #expect(server.takeBuffered() == Array("jected".utf8))
            #expect(server.bufferedCount == 0 && server.discardBuffered() == 0)
            try await client.write(Array("xyz".utf8), until: patience)
            #expect(try await server.read(upTo: 2, until: patience) == Array("xy".utf8))
            #expect(server.discardBuffered() == 1)
            #expect(try await server.read(upTo: 0, until: patience) == [])
            client.close()
            #expect(try await server.read(upTo: 2, until: patience) == nil)
            #expect(try await server.fill(until: patience) == .end)
        }
    }

    @Test("a reader that takes nothing gets bufferFull at inputLimit")
    func inputLimit() async throws {
        try await withPair { _, client, server in
            async let writing = failure {
                // More than the two sockets take between them.
                try await client.write([UInt8](repeating: 1, count: 400 * Stream.inputLimit), until: patience)
            }
            let error = await failure {
                while true { _ = try await server.fill(until: patience) }
            }
            #expect(error == "buffer full")
            #expect(server.bufferedCount >= Stream.inputLimit)
            #expect(server.bufferedCount < 2 * Stream.inputLimit)
            server.close()
            #expect(await writing != "none")
        }
    }

    @Test("two readers of one stream: the second is told")
    func busy() async throws {
        try await withPair { loop, client, server in
            async let first = server.readLine(limit: 10, until: patience)
            while loop.waits == 0 { await Task.yield() }
            #expect(
                await failure { _ = try await server.readLine(limit: 10, until: patience) } == "another task is waiting"
            )
            try await client.write(Array("a\r\n".utf8), until: patience)
            #expect(try await first == .line([0x61], .crlf))
        }
    }

    @Test("off its loop a stream refuses, and hides its buffer")
    func offLoop() async throws {
        try await withPair { _, client, server in
            try await client.write([0x61, 0x62], until: patience)
            #expect(try await server.read(upTo: 1, until: patience) == [0x61])
            await Task.detached {
                #expect(await failure { _ = try await server.fill(until: patience) } == "called off the loop")
                #expect(await failure { try server.put("x") } == "called off the loop")
                #expect(server.bufferedCount == 0 && server.takeBuffered() == [] && server.localAddress == nil)
            }.value
            #expect(server.takeBuffered() == [0x62])
        }
    }

    @Test("close from another thread ends a pending read")
    func closeFromElsewhere() async throws {
        try await withPair { loop, client, server in
            async let reading = failure { _ = try await server.readLine(limit: 10, until: patience) }
            while loop.waits == 0 { await Task.yield() }
            await Task.detached { server.close() }.value
            #expect(await reading == "closed")
            #expect(server.isClosed)
            #expect(await failure { _ = try await server.fill(until: patience) } == "closed")
            let seen = try await client.readLine(limit: 10, until: patience)
            #expect(seen == .end([]))
        }
    }

    @Test("a peer that floods does not keep others of the loop from running")
    func fairness() async throws {
        try await onLoop { loop in
            // The flood comes from another loop, so that it can be there whenever the reader looks.
            let other = try Loop(name: "flood")
            try other.start()
            defer { other.shutdown() }
            let listener = try Listener(on: loop, address: loopback)
            let address = listener.address
            let flood = other.task {
                await failure {
                    let stream = try await Stream.connect(to: address, on: other, until: patience)
                    let block = [UInt8](repeating: 0x61, count: 262_144)
                    while true { try await stream.write(block, until: patience) }
                }
            }
            let server = try await listener.accept(until: patience)
            listener.close()
            async let reading = failure {
                while true {
                    guard try await server.fill(until: patience) != .end else { return }
                    server.discardBuffered()
                }
            }
            for _ in 0..<5 { try await loop.sleep(until: .after(.milliseconds(1))) }
            server.close()
            #expect(await reading == "closed")
            _ = await flood.value
        }
    }
}
