import COpenSSL
import Mail
import Testing

@testable import TLS

/// Sessions resumed, and not resumed (TLS-10, DANE-47, INT-06).
@Suite struct ResumptionTests {
    static let start = ContinuousClock.now

    /// One peer, its server and the requirement for it.
    struct Peer {
        var cache = SessionCache()
        var server: ServerContext
        var requirement: TLSRequirement
        var context: ClientContext
        var host = "mx.example.com"
        var address: UInt32 = 0xC000_0201
        var port: UInt16 = 25
        var now = 0
        var expires = 100

        init(version: CInt = TLS1_3_VERSION, tickets: Int = 2) throws {
            let pki = try TestPKI.shared()
            server = try .presenting([pki.leaf, pki.intermediate])
            _ = shim_SSL_CTX_set_max_proto_version(server.owned.pointer, version)
            SSL_CTX_set_num_tickets(server.owned.pointer, tickets)
            requirement = try .dane([pki.leaf.record(3, 1, 1), pki.intermediate.record(2, 0, 1)])
            context = try Contexts.dane
        }

        /// One connection: handshake, a line from the server (which brings the tickets), good-bye.
        func connect(listening: Bool = true) throws -> HandshakeProgress {
            let pair = try Pair(
                context, requirement, to: server,
                resumption: Resumption(
                    cache: cache, host: DomainName(host), address: .v4(address), port: port,
                    now: start.advanced(by: .seconds(now)), expires: start.advanced(by: .seconds(expires))))
            let result = pair.handshake()
            if case .done = result {
                if listening { #expect(try pair.serverSays("250 ok") == "250 ok") }
                #expect(try pair.client.shutdown() == .done)
            }
            return result
        }
    }

    @Test(
        "TLS-10 a resumed session yields the evidence of the full handshake",
        arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func resumed(version: CInt) throws {
        let peer = try Peer(version: version)
        let full = try #require(try peer.connect().facts)
        #expect(!full.resumed)
        #expect(peer.cache.count == 1)
        for _ in 0..<5 {
            let again = try #require(try peer.connect().facts)
            #expect(again.resumed)
            #expect(again.verification == full.verification)
            #expect(again.certificate == full.certificate)
            #expect(again.version == full.version)
        }
    }

    @Test("TLS-03 TLS-10 a TLS 1.2 session without extended master secret is not kept")
    func noExtendedMasterSecret() throws {
        let peer = try Peer(version: TLS1_2_VERSION)
        SSL_CTX_set_options(peer.server.owned.pointer, 1)  // SSL_OP_NO_EXTENDED_MASTER_SECRET
        #expect(try peer.connect().facts?.resumed == false)
        #expect(peer.cache.count == 0)
    }

    @Test("TLS-10 a TLS 1.3 ticket is used once")
    func singleUse() throws {
        let peer = try Peer(tickets: 2)
        #expect(try peer.connect().facts?.resumed == false)
        // Not listening, these do not hear of the new tickets that the server sends them.
        #expect(try peer.connect(listening: false).facts?.resumed == true)
        #expect(try peer.connect(listening: false).facts?.resumed == true)
        #expect(try peer.connect(listening: false).facts?.resumed == false)
    }

    struct Change: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let edit: @Sendable (inout Peer) throws -> Void
        init(_ why: String, _ edit: @escaping @Sendable (inout Peer) throws -> Void) {
            testDescription = why
            self.edit = edit
        }
    }

    static let changes = [
        Change("another host") { $0.host = "mx2.example.com" },
        Change("another address") { $0.address &+= 1 },
        Change("another port") { $0.port = 465 },
        Change("a TLSA record less (DANE-47)") {
            $0.requirement = try .dane([TestPKI.shared().leaf.record(3, 1, 1)])
        },
        Change("a TLSA record more (DANE-47)") {
            let records = try #require($0.requirement.dane?.records)
            $0.requirement = try .dane(records + [TestPKI.shared().leaf.record(3, 0, 1)])
        },
        Change("another base domain") {
            let records = try #require($0.requirement.dane?.records)
            $0.requirement = try .dane(records, base: "mx.example.net", references: ["mx.example.com"])
        },
        Change("another base domain, all else alike") {
            let old = try #require($0.requirement.dane)
            $0.requirement = TLSRequirement(
                level: .authenticated, by: .dane,
                dane: DANEReference(
                    baseDomain: try DomainName("mx.example.net"), records: old.records,
                    referenceIdentifiers: old.referenceIdentifiers),
                serverName: old.baseDomain, reason: Explanation("test"))
        },
        Change("another basis") {
            $0.requirement = TLSRequirement(
                level: .authenticated, by: .daneHost, dane: $0.requirement.dane,
                serverName: $0.requirement.serverName, reason: Explanation("test"))
        },
        Change("another server name") {
            $0.requirement = TLSRequirement(
                level: .authenticated, by: .dane, dane: $0.requirement.dane,
                serverName: try DomainName("other.example"), reason: Explanation("test"))
        },
        Change("another reference identifier") {
            let records = try #require($0.requirement.dane?.records)
            $0.requirement = try .dane(records, references: ["example.com"])
        },
        Change("nothing demanded") {
            $0.requirement = try .unverified()
            $0.context = try Contexts.unverified
        },
    ]

    @Test("INT-06 TLS-10 DANE-47 under another key the handshake is full", arguments: changes)
    func otherKey(_ change: Change) throws {
        var peer = try Peer()
        #expect(try peer.connect().facts?.resumed == false)
        try change.edit(&peer)
        #expect(try peer.connect().facts?.resumed == false)
    }

    @Test("DANE-47 TLSA data replaced by such as does not match: verified again, and refused")
    func replacedRecords() throws {
        var peer = try Peer()
        #expect(try peer.connect().facts?.resumed == false)
        peer.requirement = try .dane([TestPKI.shared().leaf.record(3, 1, 1).mismatching])
        #expect(try peer.connect().fault == .noMatchingTLSA)
    }

    @Test("the order of TLSA records does not matter")
    func rotated() throws {
        var peer = try Peer()
        #expect(try peer.connect().facts?.resumed == false)
        peer.requirement = try .dane(#require(peer.requirement.dane?.records).reversed())
        #expect(try peer.connect().facts?.resumed == true)
    }

    @Test("TLS-10 the ticket of an unverified session is nothing to a DANE session")
    func unverifiedFirst() throws {
        var peer = try Peer()
        let dane = peer.requirement
        peer.requirement = try .unverified()
        peer.context = try Contexts.unverified
        #expect(try peer.connect().facts?.resumed == false)
        #expect(try peer.connect().facts?.resumed == true)
        #expect(try peer.connect().facts?.verification == .unverified)
        peer.context = try Contexts.dane
        peer.requirement = dane
        let full = try peer.connect()
        #expect(full.facts?.resumed == false)
        #expect(full.matched != nil)
    }

    @Test("DANE-47 a session is used before its expiry only", arguments: [(99, true), (100, false), (101, false)])
    func expiry(now: Int, good: Bool) throws {
        var peer = try Peer()
        #expect(try peer.connect().facts?.resumed == false)
        peer.now = now
        #expect(try peer.connect().facts?.resumed == good)
    }

    @Test("DANE-47 a session made by a resumed one does not live longer", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func inheritedExpiry(version: CInt) throws {
        var peer = try Peer(version: version)
        #expect(try peer.connect().facts?.resumed == false)
        peer.now = 50
        peer.expires = 150
        for _ in 0..<4 { #expect(try peer.connect().facts?.resumed == true) }
        peer.now = 100
        #expect(try peer.connect().facts?.resumed == false)
    }

    @Test("a server that does not know the ticket is verified in full", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func forgotten(version: CInt) throws {
        var peer = try Peer(version: version)
        #expect(try peer.connect().facts?.resumed == false)
        peer.server = try Peer(version: version).server
        let again = try peer.connect()
        #expect(again.facts?.resumed == false)
        #expect(again.matched != nil)
        let stranger = try TestCertificate.make { $0.names = ["mx.example.com"] }
        peer.server = try .presenting([stranger])
        #expect(try peer.connect().fault != nil)
    }

    @Test("TLS-10 a failed handshake leaves nothing to resume", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func failure(version: CInt) throws {
        var peer = try Peer(version: version)
        peer.requirement = try .dane([TestPKI.shared().leaf.record(3, 1, 1).mismatching])
        #expect(try peer.connect().fault == .noMatchingTLSA)
        #expect(peer.cache.count == 0)
    }

    @Test("four sessions are kept for a peer, the newest", arguments: [4, 5])
    func sessionsPerPeer(tickets: Int) throws {
        let peer = try Peer(tickets: tickets)
        #expect(try peer.connect().facts?.resumed == false)
        for _ in 0..<SessionCache.sessionsPerPeer {
            #expect(try peer.connect(listening: false).facts?.resumed == true)
        }
        #expect(try peer.connect(listening: false).facts?.resumed == false)
    }

    @Test("a full cache forgets the peer not used for the longest time")
    func oldestGoes() throws {
        var peer = try Peer()
        peer.cache = SessionCache(limit: 2)
        for host in ["a.example", "b.example"] {
            peer.host = host
            #expect(try peer.connect().facts?.resumed == false)
        }
        #expect(peer.cache.count == 2)
        peer.host = "a.example"
        #expect(try peer.connect().facts?.resumed == true)
        peer.host = "c.example"
        #expect(try peer.connect().facts?.resumed == false)
        #expect(peer.cache.count == 2)
        peer.host = "a.example"
        #expect(try peer.connect().facts?.resumed == true)
        peer.host = "b.example"
        #expect(try peer.connect().facts?.resumed == false)
    }
}
