import Glibc
import Mail
import Testing

@testable import TLS

/// Octets through an established session, and its end.
@Suite struct TransferTests {
    private func server() throws -> ServerContext {
        let pki = try TestPKI.shared()
        return try ServerContext.presenting([pki.leaf, pki.intermediate])
    }

    private func requirement() throws -> TLSRequirement {
        try .dane([TestPKI.shared().leaf.record(3, 1, 1)])
    }

    @Test("a peer that has gone is an error, and no signal")
    func brokenPipe() throws {
        let pair = try Pair(Contexts.dane, requirement(), to: server())
        #expect(pair.handshake().facts != nil)
        pair.sockets.closeServer()
        let error = #expect(throws: TLSError.self) {
            for _ in 0..<3 { _ = try pair.client.writeOnce([UInt8](repeating: 0, count: 100)) }
        }
        #expect(error?.kind == .transport(EPIPE))
        // The session has ended; what it showed stays.
        #expect(pair.client.facts != nil)
        #expect(try pair.client.shutdown() == .done)
        let after = #expect(throws: TLSError.self) { try pair.client.writeOnce([1]) }
        #expect(after?.kind == .state)
    }

    @Test("a large write to a slow reader stops at want-write and goes on, from other memory")
    func largeWrite() throws {
        let pair = try Pair(Contexts.dane, requirement(), to: server())
        #expect(pair.handshake().facts != nil)
        let content = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        var sent = 0
        var waits = 0
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 100_000)
        while received.count < content.count {
            if sent < content.count {
                // A fresh copy each time: the retry comes from another address.
                switch try pair.client.writeOnce(Array(content[sent...].prefix(200_000))) {
                case .wrote(let count):
                    sent += count
                    continue
                case .wantWrite: waits += 1
                case .wantRead: Issue.record("unexpected")
                }
            }
            while case .read(let count) = try buffer.withUnsafeMutableBytes({ try pair.server.read(into: $0) }) {
                received += buffer.prefix(count)
            }
        }
        #expect(waits > 1)
        #expect(difference(received, content) == nil)
    }

    @Test("TLS-13 close_notify and a cut connection are told apart")
    func endings() throws {
        let polite = try Pair(Contexts.dane, requirement(), to: server())
        #expect(polite.handshake().facts != nil)
        #expect(try polite.server.shutdown() == .done)
        polite.sockets.closeServer()
        #expect(try polite.client.readOnce() == .closed)
        #expect(try polite.client.readOnce() == .closed)

        let rude = try Pair(Contexts.dane, requirement(), to: server())
        #expect(rude.handshake().facts != nil)
        #expect(try rude.server.writeOnce(Array("250 2.0".utf8)) == .wrote(7))
        rude.sockets.closeServer()
        #expect(try rude.client.readOnce() == .read(7))
        #expect(try rude.client.readOnce() == .truncated)

        // Ours, as the other side sees it.
        let ours = try Pair(Contexts.dane, requirement(), to: server())
        #expect(ours.handshake().facts != nil)
        #expect(try ours.client.shutdown() == .done)
        #expect(try ours.server.readOnce() == .closed)
    }

    @Test("empty buffers move nothing, and bytes before the handshake are refused")
    func edges() throws {
        let pair = try Pair(Contexts.dane, requirement(), to: server())
        #expect(pair.client.evidence == nil)
        let error = #expect(throws: TLSError.self) { try pair.client.writeOnce([1]) }
        #expect(error?.kind == .state)
        #expect(pair.handshake().facts != nil)
        #expect(try pair.client.writeOnce([]) == .wrote(0))
        #expect(try pair.client.read(into: UnsafeMutableRawBufferPointer(start: nil, count: 0)) == .read(0))
        #expect(try pair.server.writeOnce([1, 2, 3]) == .wrote(3))
        var one: [UInt8] = [0]
        #expect(try one.withUnsafeMutableBytes { try pair.client.read(into: $0) } == .read(1))
        #expect(pair.client.pendingBytes == 2)
    }
}
