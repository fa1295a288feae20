import Mail
import Net
import Testing

@testable import Relay

@Suite("Kept connections", .timeLimit(.minutes(5)))
struct KeptConnectionTests {
    static let lost = Reason(.connectionLost, "gone")

    @Test(
        "CLI-10 only a loss before the host was asked anything is tried again at once: behind the final dot never",
        arguments: [
            (RecipientResult.tryNextHost(lost, nil), true, "gone before MAIL was answered"),
            (.tryNextHost(Reason(.timedOut, "x"), nil), true, "silent before MAIL was answered"),
            (.tryNextHost(Reason(.remoteReply, "x"), Reply(421, nil, "bye")), true, "said 421 while it lay idle"),
            (.tryNextHost(Reason(.remoteReply, "x"), Reply(451, nil, "later")), false, "451 is an answer"),
            (.settled(.deferred(lost, nil)), false, "lost behind the dot: it may have been taken"),
            (.settled(.deferred(Reason(.timedOut, "x"), nil)), false, "no answer to the dot"),
            (
                .settled(.deferred(Reason(.remoteReply, "x"), Reply(421, nil, "bye"))), false,
                "421 to the dot is a verdict"
            ),
            (.settled(.delivered(Reply(250, nil, "ok"))), false, "delivered"),
        ])
    func again(result: RecipientResult, isTriedAgain: Bool, why: String) {
        #expect(result.isUnsettledByLoss == isTriedAgain, "\(why)")
    }

    @Test("a stream that comes after the cut is closed like those before")
    func cut() async throws {
        let loop = try Loop(name: "test")
        try loop.start()
        defer { loop.shutdown() }
        try await loop.run {
            let open = OpenStreams()
            let first = try Stream.pair(on: loop)
            let second = try Stream.pair(on: loop)
            open.insert(first.stream)
            #expect(!first.stream.isClosed)
            open.cut()
            #expect(first.stream.isClosed)
            open.insert(second.stream)
            #expect(second.stream.isClosed)
            open.remove(first.stream)
            open.remove(second.stream)
            #expect(open.count == 0)
        }
    }

    @Test("who waits for a host to answer is cut off at once, and whoever is connected goes on")
    func refusal() async throws {
        let loop = try Loop(name: "test")
        try loop.start()
        defer { loop.shutdown() }
        try await loop.run {
            let listener = try Listener(on: loop, address: .v4(address: 0x7F00_0001, port: 0))
            let open = OpenStreams()
            let connected = try await open.connect(
                to: listener.address, from: nil, on: loop, until: .after(.seconds(300)))
            #expect(open.count == 1 && open.connectingCount == 0)
            let mute = try MuteHost()
            defer { mute.close() }
            @Sendable func failure(_ address: SocketAddress) async -> String? {
                do throws(SocketError) {
                    open.remove(try await open.connect(to: address, from: nil, on: loop, until: .after(.seconds(3600))))
                    return nil
                } catch { return error.description }
            }
            let waiting = loop.task { await failure(mute.address) }
            while open.connectingCount == 0 { await Task.yield() }
            open.refuseNew()
            #expect(await waiting.value == SocketError.closed.description)
            #expect(open.connectingCount == 0 && open.count == 1 && !connected.isClosed)
            #expect(await failure(listener.address) == SocketError.closed.description)
            open.cut()
            #expect(connected.isClosed)
            open.remove(connected)
            #expect(open.count == 0)
        }
    }

    @Test("a transaction has an end that grows with recipients and size")
    func limit() throws {
        let domain = try DomainName("d.example")
        let one = Envelope.Recipient(Mailbox(localPart: "a", domain: .name(domain)))
        let small = ClientTransaction(reversePath: .null, recipients: [one], size: 0, has8bit: false)
        let large = ClientTransaction(
            reversePath: .null, recipients: Array(repeating: one, count: 1000), size: 35_000_000, has8bit: false)
        #expect(Delivery.limit(small) == .seconds(1805))
        #expect(Delivery.limit(large) == .seconds(1800 + 5000 + 35_000_000 / 8192))
    }
}
