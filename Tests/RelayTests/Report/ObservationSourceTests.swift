import Glibc
import Mail
import Net
import Store
import Synchronization
import Testing

@testable import Relay

/// What another MTA tells by libtlsrpt goes into the same reports.
@Suite("Observations of another MTA", .timeLimit(.minutes(10)))
struct ObservationSourceTests {
    static let good = """
        {"dpv": "1","d": "a.example","pr": "v=TLSRPTv1;rua=mailto:t@r.example","policies":[{"policy-type":9,\
        "policy-domain": "a.example","t":0,"f":0}]}
        """

    private static func send(_ octets: [UInt8], to path: String) throws {
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var size: CInt = 1 << 20
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, 4)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let sent = withUnsafeBytes(of: address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                sendto(descriptor, octets, octets.count, 0, $0.baseAddress, socklen_t(bytes.count))
            }
        }
        try #require(sent == octets.count)
    }

    /// Runs a source until so many datagrams were looked at.
    private func serve(
        _ store: SQLiteStore, _ log: EventLog, _ datagrams: [[UInt8]]
    ) async throws -> ObservationCounters {
        let loop = try Loop(name: "observations")
        try loop.start()
        defer { loop.shutdown() }
        let path = "/tmp/observations-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        let counters = ObservationCounters()
        let socket = try DatagramSocket(on: loop, path: path)
        let source = ObservationSource(
            socket: socket, store: store, counters: counters, log: log.logger, clock: { PolicyWorld.start })
        let running = loop.task { await source.run() }
        for datagram in datagrams { try Self.send(datagram, to: path) }
        func seen() -> Int {
            counters.taken.load(ordering: .relaxed) + counters.dropped.load(ordering: .relaxed)
        }
        while seen() < datagrams.count { await Task.yield() }
        // What is on its way into the store gets there: the source ends only between two batches.
        socket.close()
        await running.value
        return counters
    }

    @Test("RPTC-06 RPTC-21 Whole datagrams are counted on the day they come; one that cannot be read is dropped")
    func counts() async throws {
        let folder = try PolicyFolder()
        let store = try folder.open()
        let log = EventLog()
        let tooLong = [UInt8](repeating: UInt8(ascii: " "), count: DatagramSocket.datagramLimit + 1)
        let counters = try await serve(
            store, log,
            [Array(Self.good.utf8), Array("no JSON".utf8), [], tooLong, Array(Self.good.utf8)])
        #expect(counters.taken.load(ordering: .relaxed) == 2 && counters.dropped.load(ordering: .relaxed) == 3)
        let counts = try await store.counts(for: DomainName("a.example"), day: ReportWorld.day)
        #expect(counts.map(\.successes) == [2] && counts.map(\.failures) == [0])
        #expect(log.events == ["observation-dropped"], "said once, not for each")
    }

    @Test("RPTC-05 A store that does not take them ends nothing: the next are looked at as well")
    func storeFails() async throws {
        let folder = try PolicyFolder()
        let store = try folder.open()
        await store.close()
        let log = EventLog()
        let counters = try await serve(store, log, [Array(Self.good.utf8), Array("x".utf8)])
        #expect(counters.taken.load(ordering: .relaxed) == 1 && counters.dropped.load(ordering: .relaxed) >= 1)
    }
}
