import COpenSSL
import FoundationEssentials
import Glibc
import Mail
import Testing

@testable import TLS

/// What a handshake costs the client. Figures, not a verdict: run in release mode with WAXWING_BENCH set.
@Suite(
    .serialized, .enabled(if: ProcessInfo.processInfo.environment["WAXWING_BENCH"] != nil, "WAXWING_BENCH is not set"))
struct HandshakeCostTests {
    static let rounds = 2000

    @Test("client CPU of full and resumed handshakes", arguments: [TLS1_3_VERSION, TLS1_2_VERSION])
    func cost(version: CInt) throws {
        let pki = try TestPKI.shared()
        let server = try ServerContext.presenting([pki.leaf, pki.intermediate])
        _ = shim_SSL_CTX_set_max_proto_version(server.owned.pointer, version)
        SSL_CTX_set_num_tickets(server.owned.pointer, 1)
        let leaf = try TLSRequirement.dane([pki.leaf.record(3, 1, 1)])
        let anchor = try TLSRequirement.dane([pki.intermediate.record(2, 0, 1)])
        let name = version == TLS1_3_VERSION ? "TLS 1.3" : "TLS 1.2"
        report("\(name) full, DANE-EE 3 1 1", try run(Contexts.dane, leaf, server, resuming: false))
        report("\(name) full, DANE-TA 2 0 1", try run(Contexts.dane, anchor, server, resuming: false))
        report("\(name) full, unverified", try run(Contexts.unverified, .unverified(), server, resuming: false))
        report("\(name) full, WebPKI", try run(Contexts.dane, .enforced(), server, resuming: false))
        report("\(name) resumed, WebPKI", try run(Contexts.dane, .enforced(), server, resuming: true))
        report("\(name) resumed, DANE-EE 3 1 1", try run(Contexts.dane, leaf, server, resuming: true))
    }

    private func report(_ what: String, _ figures: (client: Double, both: Double)) {
        print(
            "\(what): client \(Int(figures.client * 1e6)) µs CPU, both ends \(Int(1 / figures.both)) handshakes/s on one core"
        )
    }

    /// Seconds of CPU for each connection, of the client alone and of both ends.
    private func run(
        _ context: ClientContext, _ requirement: TLSRequirement, _ server: ServerContext, resuming: Bool
    ) throws -> (client: Double, both: Double) {
        let cache = SessionCache()
        let resumption = Resumption(
            cache: cache, host: try DomainName("mx.example.com"), address: .v4(1), port: 25, now: .now,
            expires: .now.advanced(by: .seconds(600)))
        let octet: [UInt8] = [1]
        var buffer = [UInt8](repeating: 0, count: 4096)
        var client = 0.0
        var resumed = 0
        let start = cpu()
        for _ in 0..<Self.rounds {
            let sockets = try SocketPair()
            let server = try TLSSession(server: server, descriptor: sockets.server)
            var before = cpu()
            let session = try TLSSession(
                client: context, descriptor: sockets.client, requirement: requirement,
                resumption: resuming ? resumption : nil, trust: TestTrust.shared().stores)
            client += cpu() - before
            while true {
                before = cpu()
                let ours = session.handshake()
                client += cpu() - before
                let theirs = server.handshake()
                if ours.hasEnded && theirs.hasEnded { break }
            }
            _ = try server.writeOnce(octet)
            before = cpu()
            _ = try buffer.withUnsafeMutableBytes { try session.read(into: $0) }
            client += cpu() - before
            _ = try session.shutdown()
            if session.facts?.resumed == true { resumed += 1 }
        }
        #expect(resuming ? resumed == Self.rounds - 1 : resumed == 0)
        return (client / Double(Self.rounds), (cpu() - start) / Double(Self.rounds))
    }

    private func cpu() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
