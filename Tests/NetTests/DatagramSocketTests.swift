import Glibc
import Testing

@testable import Net

/// A socket that sends to a path and does not wait.
private final class Sender: Sendable {
    private let number: CInt
    private let address: SocketAddress

    init(to path: String) throws {
        address = .unix(path: path)
        number = try Errno.check { socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0) }
        // More than the usual limit of one datagram.
        var size: CInt = 1 << 20
        setsockopt(number, SOL_SOCKET, SO_SNDBUF, &size, 4)
    }

    deinit {
        _ = closeNumber(number)
    }

    /// Throws `again` where the receiver's queue is full, or waits for room there.
    func send(_ octets: [UInt8], waiting: Bool = false) throws(Errno) {
        let number = number
        let flags = waiting ? 0 : CInt(MSG_DONTWAIT)
        try address.withSockaddr { pointer, length throws(Errno) in
            try Errno.check { sendto(number, octets, octets.count, flags, pointer, length) }
        }
    }
}

struct DatagramSocketTests {
    @Test("datagrams come whole and in order, in batches; an empty one too")
    func batches() async throws {
        try await onLoop { loop in
            let socket = try DatagramSocket(on: loop, path: temporaryPath())
            let sender = try Sender(to: socket.path)
            #expect(await failure { _ = try await socket.next(until: .after(.milliseconds(5))) } == "deadline passed")
            try sender.send([1])
            #expect(try await socket.next(until: patience) == [.whole([1])])
            // No more than any kernel's queue takes.
            let sent = (0..<8).map { [UInt8](repeating: $0, count: Int($0) * 100) }
            for octets in sent { try sender.send(octets) }
            #expect(try await socket.next(until: patience) == sent.map { .whole($0) })
            // One that comes while somebody waits.
            async let waiting = socket.next(until: patience)
            while loop.waits == 0 { await Task.yield() }
            await Task.detached { try? sender.send([2, 3]) }.value
            #expect(try await waiting == [.whole([2, 3])])
            socket.close()
        }
    }

    @Test("a datagram of the limit comes whole, of a larger one nothing", arguments: [0, 1, 60_000])
    func limit(beyond: Int) async throws {
        try await onLoop { loop in
            let socket = try DatagramSocket(on: loop, path: temporaryPath())
            let octets = (0..<DatagramSocket.datagramLimit + beyond).map { UInt8(truncatingIfNeeded: $0) }
            let sender = try Sender(to: socket.path)
            try sender.send(octets)
            try sender.send([7])
            #expect(try await socket.next(until: patience) == [beyond == 0 ? .whole(octets) : .tooLarge, .whole([7])])
            socket.close()
        }
    }

    @Test("who sends without end is read without end, and others have their turn")
    func flood() async throws {
        try await onLoop { loop in
            let socket = try DatagramSocket(on: loop, path: temporaryPath())
            let path = socket.path
            let count = 2_000
            let sending = Task.detached {
                let sender = try Sender(to: path)
                for number in 0..<count {
                    let octets = [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)]
                    try sender.send(octets, waiting: true)
                }
            }
            let others = loop.task {
                var turns = 0
                while !Task.isCancelled {
                    turns += 1
                    await Task.yield()
                }
                return turns
            }
            var seen = 0
            while seen < count {
                let batch = try await socket.next(until: patience)
                #expect(!batch.isEmpty && batch.count <= DatagramSocket.batchLimit)
                for datagram in batch {
                    let number = [UInt8(truncatingIfNeeded: seen), UInt8(truncatingIfNeeded: seen >> 8)]
                    #expect(datagram == .whole(number))
                    seen += 1
                }
            }
            try await sending.value
            others.cancel()
            #expect(await others.value > 1)
            socket.close()
        }
    }

    @Test("close ends next with closed, from any thread, and removes the file")
    func close() async throws {
        try await onLoop { loop in
            let socket = try DatagramSocket(on: loop, path: temporaryPath())
            async let waiting = failure { _ = try await socket.next() }
            while loop.waits == 0 { await Task.yield() }
            await Task.detached { socket.close() }.value
            #expect(await waiting == "closed")
            #expect(await failure { _ = try await socket.next() } == "closed")
            #expect(access(socket.path, F_OK) == -1)
            let sender = try Sender(to: socket.path)
            #expect(throws: Errno.noSuchFile) { try sender.send([1]) }
            socket.close()
        }
    }

    @Test("off its loop it says so")
    func offLoop() async throws {
        try await onLoop { loop in
            let socket = try DatagramSocket(on: loop, path: temporaryPath())
            let words = await Task.detached { await failure { _ = try await socket.next() } }.value
            #expect(words == "called off the loop")
            socket.close()
        }
    }

    @Test(
        "the file: mode, stale one replaced, living one, another kind and plain file respected",
        arguments: [0o660, 0o600])
    func file(mode: UInt32) async throws {
        try await onLoop { loop in
            let path = temporaryPath()
            let socket = try DatagramSocket(on: loop, path: path, mode: mode)
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o7777 == mode)
            #expect(await failure { _ = try DatagramSocket(on: loop, path: path) }.hasPrefix("EADDRINUSE"))
            // The probe has left nothing behind, and the socket still receives.
            try Sender(to: path).send([1])
            #expect(try await socket.next(until: patience) == [.whole([1])])
            socket.close()
            #expect(stat(path, &status) == -1)

            // A listener's file that is alive is not ours.
            let listener = try Listener(on: loop, address: .unix(path: path))
            #expect(await failure { _ = try DatagramSocket(on: loop, path: path) }.hasPrefix("EADDRINUSE"))
            listener.close()

            // Files that dead processes left, of either kind.
            for type in [SOCK_DGRAM, SOCK_STREAM] {
                let dead = try FileDescriptor { Glibc.socket(AF_UNIX, CInt(type.rawValue), 0) }
                let number = dead.rawValue
                try SocketAddress.unix(path: path).withSockaddr { pointer, length throws(Errno) in
                    try Errno.check { bind(number, pointer, length) }
                }
                _ = consume dead
                #expect(stat(path, &status) == 0)
                let heir = try DatagramSocket(on: loop, path: path)
                // Somebody else's file at our path is left alone.
                unlink(path)
                let plain = open(path, O_CREAT | O_WRONLY, 0o600)
                _ = closeNumber(plain)
                heir.close()
                #expect(stat(path, &status) == 0)
                #expect(await failure { _ = try DatagramSocket(on: loop, path: path) }.hasPrefix("EADDRINUSE"))
                unlink(path)
            }
        }
    }

    @Test("a path has a limit")
    func pathLimit() async throws {
        try await onLoop { loop in
            let long = "/tmp/" + String(repeating: "x", count: SocketAddress.pathLimit - 4)
            #expect(await failure { _ = try DatagramSocket(on: loop, path: long) }.hasPrefix("ENAMETOOLONG"))
        }
    }
}
