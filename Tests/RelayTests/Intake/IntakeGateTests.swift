import Mail
import Net
import Testing

@testable import Relay

struct IntakeGateTests {
    let peer = Peer.address(.v4(0xC000_0207))
    let other = Peer.address(.v4(0xC000_0208))

    static func daily(_ count: Int) -> RateLimit {
        Rate(count: count, seconds: 86_400).map { .atMost($0) } ?? .unlimited
    }

    func gate(_ change: (inout Configuration.Intake) -> Void = { _ in }) -> IntakeGate {
        var intake = Configuration().intake
        change(&intake)
        return IntakeGate(intake, room: Room(queueLimit: 10, counters: Counters()))
    }

    @Test("Connections of all clients: the last one that fits, one more, and room again")
    func all() {
        let gate = gate { $0.connectionLimit = 2 }
        #expect([gate.enter(), gate.enter(), gate.enter()] == [true, true, false])
        gate.leave()
        #expect(gate.enter())
    }

    @Test("Connections of one client: at its limit and one past, another's do not count; room again")
    func each() {
        let gate = gate { $0.clientConnectionLimit = 2 }
        let client = gate.client(peer)
        #expect(gate.opened(peer, client) == nil)
        #expect(gate.opened(peer, client) == nil)
        #expect(gate.opened(peer, client) == .client)
        #expect(gate.opened(other, gate.client(other)) == nil)
        gate.closed(peer)
        #expect(gate.opened(peer, client) == nil)
    }

    @Test("A connection that came too fast is not counted as open")
    func rate() {
        let gate = gate {
            $0.clientConnectionLimit = 3
            $0.connectionRate = Self.daily(2)
        }
        let client = gate.client(peer)
        #expect((0..<5).map { _ in gate.opened(peer, client) } == [nil, nil, .rate, .rate, .rate])
    }

    @Test("Stress begins above the share and ends below it; then slow clients have less time", arguments: [50, 80])
    func stress(percent: Int) {
        let gate = gate {
            $0.connectionLimit = 10
            $0.stressPercent = percent
            $0.stressTimeout = .seconds(7)
        }
        for _ in 0..<(percent / 10) { #expect(gate.enter()) }
        #expect(!gate.isUnderStress && gate.commandTimeout == .seconds(300))
        #expect(gate.enter())
        #expect(gate.isUnderStress && gate.commandTimeout == .seconds(7) && gate.dataTimeout == .seconds(7))
        gate.leave()
        #expect(!gate.isUnderStress)
    }

    @Test("Content in memory: full at its limit, and free again when it is let go of, however that comes")
    func memory() {
        let gate = gate { $0.contentMemory = 1000 }
        let account = IntakeGate.Account(peer, user: nil, gate.client(peer))
        do {
            let one = ContentMemory.Share(of: gate.memory)
            one.hold(999)
            #expect(gate.capacity(account).shortage == nil)
            let two = ContentMemory.Share(of: gate.memory)
            two.hold(1)
            #expect(gate.capacity(account).shortage == .memory)
            one.hold(998)
            #expect(gate.capacity(account).shortage == nil)
            two.hold(500)
            #expect(gate.memory.isFull)
        }
        #expect(gate.capacity(account).shortage == nil)
    }

    @Test("Rates are of the user where somebody is logged in; as much as is left is spent")
    func rates() {
        let gate = gate {
            $0.messageRate = Self.daily(3)
            $0.recipientRate = Self.daily(5)
        }
        let client = IntakeGate.Account(peer, user: nil, gate.client(peer))
        let user = IntakeGate.Account(peer, user: "ada", gate.client(peer, user: "ada"))
        gate.spend(4, by: client)
        #expect(gate.capacity(client).messages == 2 && gate.capacity(client).recipients == 1)
        // Another session of the client was past RCPT already.
        gate.spend(4, by: client)
        #expect(gate.capacity(client).messages == 1 && gate.capacity(client).recipients == 0)
        #expect(gate.capacity(user).messages == 3 && gate.capacity(user).recipients == 5)
    }

    @Test("A slow end earns nothing by a fast start: each megabyte has its own time")
    func dataAllowance() {
        let gate = gate {
            $0.dataTimeout = .seconds(10)
            $0.minimumDataRate = 1000
        }
        #expect(gate.dataAllowance(0) == .seconds(10))
        #expect(gate.dataAllowance(500_000) == .seconds(510))
        #expect(gate.dataAllowance(999_999) == .milliseconds(1_009_999))
        #expect(gate.dataAllowance(1_000_000) == .seconds(10))
        #expect(gate.dataAllowance(.max) <= .seconds(1010))
    }

    @Test("Who may relay: an address of the listener's, a name, a known certificate; nobody else")
    func terms() throws {
        let print = [UInt8](repeating: 7, count: 32)
        let gate = gate { $0.clientFingerprints = [CertificateFingerprint(octets: print)].compactMap { $0 } }
        let inside = IntakeListener(points: [], name: "x", networks: [try #require(IPNetwork("192.0.2.7/32"))])
        let closed = IntakeListener(points: [], name: "y")
        #expect(gate.terms(peer, at: inside).mayRelay)
        #expect(!gate.terms(other, at: inside).mayRelay)
        #expect(!gate.terms(peer, at: closed).mayRelay)
        #expect(gate.terms(peer, user: "ada", at: closed).mayRelay)
        #expect(gate.terms(.local(uid: 1), at: closed).mayRelay)
        func certificate(_ fingerprint: [UInt8], verified: Bool) -> ClientCertificate {
            ClientCertificate(fingerprint: fingerprint, isVerified: verified, subject: "CN=x")
        }
        #expect(gate.terms(peer, certificate: certificate(print, verified: false), at: closed).mayRelay)
        #expect(gate.terms(peer, certificate: certificate([1], verified: true), at: closed).mayRelay)
        #expect(!gate.terms(peer, certificate: certificate([1], verified: false), at: closed).mayRelay)
    }

    @Test("Lines about refused connections: as many as the limit within a second, and no more")
    func telling() {
        let gate = gate()
        let told = (0..<1000).count { _ in gate.mayTell() }
        // The test may fall on the border of seconds.
        #expect((IntakeGate.refusalLines...3 * IntakeGate.refusalLines).contains(told))
    }
}

struct MemoryTrimTests {
    @Test(
        "Memory is given back once fewer than half of a crowd are left, and not for a few", arguments: [99, 100, 5000])
    func crowd(peak: Int) {
        var trim = MemoryTrim()
        let looks = [peak, peak / 2 + 1, (peak - 1) / 2, (peak - 1) / 2].map { trim.isDue($0, most: $0) }
        // Behind it, it counts anew.
        #expect(looks == [false, false, peak >= MemoryTrim.leastCrowd, false])
    }

    @Test("A crowd that came and went between two looks was one")
    func between() {
        var trim = MemoryTrim()
        let looks = [(0, 99), (0, 100), (0, 0)].map { trim.isDue($0.0, most: $0.1) }
        #expect(looks == [false, true, false])
    }

    @Test("Once more when it has been quiet: the last sessions may have held their memory a moment longer")
    func settling() {
        var trim = MemoryTrim()
        let looks = [1000, 0].map { trim.isDue($0, most: $0) }
        #expect(looks == [false, true])
        let later = (1...20).filter { _ in trim.isDue(0, most: 0) }
        #expect(later == [MemoryTrim.settling], "and no more after that")
    }
}
