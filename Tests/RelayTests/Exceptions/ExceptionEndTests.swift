import Mail
import Net
import TLS
import Testing

@testable import Relay

/// An exception ends whatever is under way.
@Suite("The end of an exception in the middle of a delivery", .timeLimit(.minutes(10)))
struct ExceptionEndTests {
    static func exception(until: WallTime) throws -> PolicyException {
        PolicyException(
            domain: try DomainName("d.example"), allow: .opportunistic, since: WallTime(seconds: 0), until: until,
            reason: "their key is stale")
    }

    static func candidate(_ port: UInt16, _ exception: PolicyException?) -> DeliveryPlan.Candidate {
        let address = IPAddress.v4(0x7F00_0001)
        let facts = AddressFacts(lookup: .found, addresses: [address], security: .insecure)
        return DeliveryPlan.Candidate(
            host: HostFacts(
                host: .address(address), preference: 10, addresses: facts,
                tlsa: TLSAFacts(baseDomain: nil, lookup: .absent, security: .secure)),
            address: address, port: port,
            requirement: TLSRequirement(level: .opportunistic, by: nil, serverName: nil, reason: Explanation("test")),
            beside: DeliveryPlan.Candidate.Beside(exception: exception))
    }

    @Test("a connection that was begun under it says QUIT, and never MAIL", arguments: [true, false])
    func quit(isOver: Bool) async throws {
        let loop = try Loop(name: "test")
        try loop.start()
        defer { loop.shutdown() }
        try await loop.run {
            let host = try ScriptedHost(ScriptedHost.Script(offersTLS: false), on: loop)
            let serving = loop.task { await host.run() }
            let target = SocketAddress.v4(address: 0x7F00_0001, port: host.port)
            let stream = try await Net.Stream.connect(to: target, on: loop, until: .after(.seconds(60)))
            let over = Reason(.policyUnknown, "over")
            let connection = ClientConnection(
                stream, to: Self.candidate(host.port, nil), hostname: try DomainName("relay.example"),
                first: ClientTransaction(
                    reversePath: .null,
                    recipients: [Envelope.Recipient(try Mailbox(parsing: "a@d.example".utf8))], size: 1, has8bit: false),
                terms: ClientConnection.Terms(
                    configuration: Configuration().delivery, fallback: .immediately, attempt: AttemptState(number: 1),
                    tls: ClientWire.Security(
                        contexts: try ClientContexts(), trust: TrustStores(), identities: ClientIdentities()),
                    security: .startTLS, credentials: nil, exceptionEnd: { isOver ? over : nil }))
            let stop = await connection.begin(content: nil, within: .seconds(isOver ? 60 : 2))
            if isOver {
                guard case .ended(let result) = stop else {
                    Issue.record("it went on: \(stop)")
                    return
                }
                #expect(result.failure == over && result.results == [.tryNextHost(over, nil)])
                #expect(host.commands == ["EHLO", "QUIT"])
            } else {
                #expect(host.commands.contains("MAIL"))
            }
            stream.close()
            host.close()
            await serving.value
        }
    }

    @Test("what was decided under it holds while the table has that very one")
    func table() async throws {
        try await QueueOrdersTests.serve { service in
            let now = Service.clock()
            let table = service.ground.exceptions.table
            let parts = await service.dispatcher.parts
            let long = try Self.exception(until: now.advanced(by: 1000))
            table.put(long, at: now)
            #expect(parts.exceptionEnd(of: Self.candidate(25, nil)) == nil)
            #expect(parts.exceptionEnd(of: Self.candidate(25, long)) == nil)
            let terms = { (exception: PolicyException?) in
                parts.terms(
                    for: Self.candidate(25, exception), to: NextHop(.domain(long.domain)),
                    attempt: AttemptState(number: 1)
                ).exceptionEnd
            }
            #expect(terms(nil) == nil, "mail without exception is not asked about it")
            #expect(terms(long)?() == nil)
            table.put(try Self.exception(until: now.advanced(by: 2000)), at: now)
            #expect(terms(long)?()?.cause == .policyUnknown, "replaced")
            table.remove(long.domain)
            #expect(parts.exceptionEnd(of: Self.candidate(25, long))?.cause == .policyUnknown)
            let over = try Self.exception(until: now)
            table.put(over, at: now)
            #expect(parts.exceptionEnd(of: Self.candidate(25, over)) != nil, "over at its second")
        }
    }
}
