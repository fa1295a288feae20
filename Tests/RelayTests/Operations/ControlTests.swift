import Foundation
import Glibc
import Logging
import Mail
import Net
import Store
import Testing

@testable import Relay

/// A daemon with one message, that notes what it was asked.
struct OneMessage: ControlSource {
    static let id = "0123456789bcdfghjklm"

    static let message = MessageView(
        id: id, sender: "a@example.org",
        recipients: [
            RecipientView(
                address: "b@example.net", destination: "example.net", state: "deferred", attempts: 2,
                nextAttempt: 1_000_240, reason: ReasonView(cause: "starttls-missing", detail: "no STARTTLS"),
                lastReply: nil, host: "mx.example.net")
        ], size: 14_233, receivedAt: 990_000, expiresAt: 1_422_000)

    static let status = StatusView(
        version: "1", pid: 7, startedAt: 1, uptime: 93_700, hostname: "relay.example", listeners: ["127.0.0.1:2525"],
        store: StoreView(
            directory: "/q", messages: 1, recipients: 1, quarantined: 0, freeBytes: 20_500_000_000,
            floor: 1_000_000_000, totalBytes: 80_000_000_000),
        resolver: ResolverView(state: "running", validates: true, library: "libunbound 1.17.1", unsafe: true),
        intake: IntakeView(connections: 1, acceptedTotal: 12, refusedTotal: 3),
        delivery: DeliveryView(connections: 2, deliveredTotal: 11, deferredTotal: 4, bouncedTotal: 0),
        destinations: DestinationsView(active: 1, backedOff: 1), warnings: ["libunbound 1.17.1 is known to be unsafe."])

    struct Broken: Error {}

    func status() async -> StatusView { Self.status }

    func queue(_ query: QueueQuery) async throws -> QueuePage {
        let selectors = query.selectors
        if selectors.sender?.description == "break@example.org" { throw Broken() }
        if selectors.sender?.description == "full@example.org" { throw StoreError.full }
        if selectors.sender?.description == "failed@example.org" { throw StoreError.failed("disk I/O error") }
        let matches = selectors.destination == nil || selectors.destination?.text == "example.net"
        return QueuePage(messages: matches ? [Self.message] : [], next: query.limit == 1 ? "c+1 &=" : query.cursor)
    }

    func history(of name: DomainName, before: Int64?, limit: Int) async throws -> HistoryView? { nil }
    func forecast(seconds: Int64?) async throws -> ForecastView {
        ForecastView(seconds: seconds ?? 1, destinations: [])
    }
    func show(_ id: QueueID) async throws -> MessageView? { id.text == Self.id ? Self.message : nil }

    func policy(_ domain: DomainName) async throws -> [UInt8] {
        if domain.text == "broken.example" { throw Broken() }
        return Array("{\"domain\":\"\(domain)\"}".utf8)
    }

    static let stsView = STSView(domain: "d.example", id: "7", mode: "enforce", mx: ["mx.example"], maxAge: 86_400)

    func policyPage(after domain: DomainName?, limit: Int) async throws -> STSPage {
        if domain?.text == "broken.example" { throw Broken() }
        return STSPage(policies: domain == nil ? [Self.stsView] : [], next: limit == 1 ? "d.example" : nil)
    }

    func refreshPolicy(of domain: DomainName) async -> STSRefreshView {
        STSRefreshView(domain: domain.text, fetched: domain.text == "d.example", error: "404")
    }

    func reports(_ query: ReportQuery) async throws -> ReportStatusView {
        if query.domain?.text == "broken.example" { throw Broken() }
        return ReportStatusView(
            enabled: true, missing: [], organization: "Org", contact: "t@org.example", submitter: "org.example",
            day: "2026-11-21", sendFrom: 1_795_305_600, sendUntil: 1_795_320_000, droppedSessions: 0,
            domains: [
                ReportDomainView(domain: query.after == nil ? "d.example" : "e.example", sessions: 3, failures: 1)
            ], suppressed: [], next: query.after == nil ? "d.example" : nil)
    }

    func reportPreview(_ query: ReportQuery) async throws -> ReportPreviewPage {
        let day = query.day?.description ?? "today"
        return ReportPreviewPage(reports: [
            ReportPreview(
                domain: query.domain?.text ?? "d.example", day: day, fileName: "f", subject: "s", report: "{}",
                summary: "one\ntwo\n")
        ])
    }

    func sendReports(_ query: ReportQuery) async throws -> ReportSendView {
        ReportSendView(
            day: query.day?.description ?? "yesterday", domains: query.domain.map { [$0.text] } ?? [],
            error: query.domain == nil ? "nothing waits" : nil)
    }
}

@Suite("Control socket", .timeLimit(.minutes(10)))
struct ControlTests {
    /// Runs `body` against a server on a socket of its own, and demands that the file is gone afterwards.
    func serve(
        _ limits: ControlServer.Limits = .init(request: .seconds(300), response: .seconds(300)),
        takesOrders: Bool = true, _ body: @escaping @Sendable (String) async throws -> Void
    ) async throws {
        let path = "/tmp/control-\(UUID().uuidString.prefix(8)).sock"
        let loop = try Loop(name: "control")
        try loop.start()
        defer { loop.shutdown() }
        let log = Logger(label: "t", factory: { _ in SwiftLogNoOpLogHandler() })
        let server = try ControlServer(
            on: loop, path: path, source: OneMessage(), takesOrders: takesOrders, limits: limits, log: log)
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & 0o777 == 0o660)
        let running = loop.task { await server.run() }
        do {
            try await body(path)
        } catch {
            running.cancel()
            await running.value
            throw error
        }
        running.cancel()
        await running.value
        #expect(access(path, F_OK) == -1)
    }

    /// Sends `octets`, then reads to the end, without a client's good manners; on a thread of its own, which may block.
    static func exchange(_ path: String, _ octets: [UInt8], chunk: Int = .max) async -> String {
        await withCheckedContinuation { continuation in
            Thread { continuation.resume(returning: talk(path, octets, chunk)) }.start()
        }
    }

    private static func talk(_ path: String, _ octets: [UInt8], _ chunk: Int) -> String {
        guard let descriptor = connected(path) else { return "no connection" }
        defer { close(descriptor) }
        var rest = octets[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(chunk))
            if send(descriptor, part, part.count, CInt(MSG_NOSIGNAL)) <= 0 { break }
            rest = rest.dropFirst(chunk)
        }
        return all(from: descriptor)
    }

    /// A client that says nothing; nil where it cannot connect.
    static func connected(_ path: String) -> CInt? {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        guard apply(connect, to: descriptor, at: path) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// bind(2) or connect(2).
    private static func apply(
        _ call: (CInt, UnsafePointer<sockaddr>?, socklen_t) -> CInt, to descriptor: CInt, at path: String
    ) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafeBytes(of: address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { call(descriptor, $0.baseAddress, socklen_t(bytes.count)) }
        }
    }

    /// What comes until the end. Blocks.
    static func all(from descriptor: CInt) -> String {
        var octets: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 { octets += buffer[..<count] }
        return String(decoding: octets, as: UTF8.self)
    }

    /// A head of exactly `count` octets.
    static func head(_ count: Int) -> [UInt8] {
        let frame = "GET /v1/status HTTP/1.1\r\nX: \r\n\r\n"
        let padding = String(repeating: "x", count: count - frame.utf8.count)
        return Array("GET /v1/status HTTP/1.1\r\nX: \(padding)\r\n\r\n".utf8)
    }

    @Test("a head of 16 KiB is read, one octet more gets 431, and so does one without an end")
    func headLimit() async throws {
        try await serve { path in
            let limit = ControlRequest.headLimit
            #expect(await Self.exchange(path, Self.head(limit)).hasPrefix("HTTP/1.1 200 "))
            #expect(await Self.exchange(path, Self.head(limit + 1)).hasPrefix("HTTP/1.1 431 "))
            let endless = [UInt8](repeating: UInt8(ascii: "a"), count: limit * 8)
            #expect(await Self.exchange(path, endless).hasPrefix("HTTP/1.1 431 "))
        }
    }

    @Test("a head that comes octet by octet is the same head")
    func slowly() async throws {
        try await serve { path in
            let answer = await Self.exchange(path, Array("GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n".utf8), chunk: 1)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "))
        }
    }

    @Test("a client that does not finish its request gets 408 when the time is up")
    func timeout() async throws {
        try await serve(.init(request: .milliseconds(50))) { path in
            #expect(await Self.exchange(path, Array("GET /v1/status HT".utf8)).hasPrefix("HTTP/1.1 408 "))
            #expect(await Self.exchange(path, []).hasPrefix("HTTP/1.1 408 "))
            // One that keeps the time is served. The machine may make it miss 50 ms, but not always.
            var answer = ""
            for _ in 0..<1_000 where !answer.hasPrefix("HTTP/1.1 200 ") {
                answer = await Self.exchange(path, Self.head(100))
            }
            #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
        }
    }

    @Test(
        "what is answered to what",
        arguments: [
            ("GET /v1/status HTTP/1.1\r\n\r\n", 200, "\"backed_off\":1"),
            ("GET /v1/status HTTP/1.0\n\n", 200, "\"free_bytes\":20500000000"),
            ("GET /v1/queue HTTP/1.1\r\n\r\n", 200, "\"next_attempt\":1000240"),
            ("GET /v1/queue?destination=EXAMPLE.net.&limit=1000 HTTP/1.1\r\n\r\n", 200, OneMessage.id),
            ("GET /v1/queue?destination=example.com HTTP/1.1\r\n\r\n", 200, "{\"messages\":[]}"),
            ("GET /v1/queue?limit=1001 HTTP/1.1\r\n\r\n", 400, "bad-limit"),
            ("GET /v1/queue?limit=0 HTTP/1.1\r\n\r\n", 400, "bad-limit"),
            ("GET /v1/queue?limit=-1 HTTP/1.1\r\n\r\n", 400, "bad-limit"),
            ("GET /v1/queue?order=up HTTP/1.1\r\n\r\n", 400, "unknown-parameter"),
            ("GET /v1/queue?destination=a..b HTTP/1.1\r\n\r\n", 400, "bad-domain"),
            ("GET /v1/queue?sender=break@example.org HTTP/1.1\r\n\r\n", 500, "internal"),
            ("GET /v1/queue?sender=full@example.org HTTP/1.1\r\n\r\n", 500, "the disk of the store is full"),
            ("GET /v1/queue?sender=full@example.org HTTP/1.1\r\n\r\n", 500, "\"cure\":\"Free space on that disk"),
            ("GET /v1/queue?sender=failed@example.org HTTP/1.1\r\n\r\n", 500, "it was not done: disk I/O error\""),
            ("GET /v1/queue/\(OneMessage.id) HTTP/1.1\r\n\r\n", 200, "starttls-missing"),
            ("GET /v1/queue/0123456789bcdfghjkl0 HTTP/1.1\r\n\r\n", 404, "no-such-message"),
            ("GET /v1/queue/short HTTP/1.1\r\n\r\n", 400, "bad-queue-id"),
            ("GET /v1/policy/Example.ORG HTTP/1.1\r\n\r\n", 200, "{\"domain\":\"example.org\"}"),
            ("GET /v1/policy/%65xample.org HTTP/1.1\r\n\r\n", 200, "{\"domain\":\"example.org\"}"),
            ("GET /v1/sts HTTP/1.1\r\n\r\n", 200, "\"max_age\":86400"),
            ("GET /v1/sts?limit=1 HTTP/1.1\r\n\r\n", 200, "\"next\":\"d.example\""),
            ("GET /v1/sts?after=d.example&limit=100 HTTP/1.1\r\n\r\n", 200, "{\"policies\":[]}"),
            ("GET /v1/sts?limit=101 HTTP/1.1\r\n\r\n", 400, "bad-limit"),
            ("GET /v1/sts?limit=0 HTTP/1.1\r\n\r\n", 400, "bad-limit"),
            ("GET /v1/sts?after=a..b HTTP/1.1\r\n\r\n", 400, "bad-domain"),
            ("GET /v1/sts?cursor=a HTTP/1.1\r\n\r\n", 400, "unknown-parameter"),
            ("GET /v1/sts?after=broken.example HTTP/1.1\r\n\r\n", 500, "internal"),
            ("GET /v1/policy/broken.example HTTP/1.1\r\n\r\n", 500, "the daemon could not answer"),
            ("POST /v1/sts HTTP/1.1\r\n\r\n", 405, "Allow: GET"),
            ("POST /v1/sts/D.example/refresh HTTP/1.1\r\n\r\n", 200, "\"fetched\":true"),
            ("POST /v1/sts/d.example/refresh HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 200, "\"fetched\":true"),
            ("POST /v1/sts/d.example/refresh HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 413, "body-refused"),
            ("POST /v1/sts/d.example/refresh?now=1 HTTP/1.1\r\n\r\n", 400, "unknown-parameter"),
            ("POST /v1/sts/a..b/refresh HTTP/1.1\r\n\r\n", 400, "bad-domain"),
            ("GET /v1/sts/d.example/refresh HTTP/1.1\r\n\r\n", 405, "Allow: POST"),
            ("DELETE /v1/sts/d.example/refresh HTTP/1.1\r\n\r\n", 405, "method-not-allowed"),
            ("POST /v1/sts/d.example HTTP/1.1\r\n\r\n", 405, "Allow: GET"),
            ("GET /v1/sts/d.example HTTP/1.1\r\n\r\n", 404, "not-found"),
            ("GET /v1/policy/a%zz HTTP/1.1\r\n\r\n", 400, "bad-domain"),
            ("GET /v1/policy/ HTTP/1.1\r\n\r\n", 404, "not-found"),
            ("GET /v1/policy/a/b HTTP/1.1\r\n\r\n", 404, "not-found"),
            ("GET / HTTP/1.1\r\n\r\n", 404, "not-found"),
            ("GET /v1/../v1/nothing HTTP/1.1\r\n\r\n", 404, "not-found"),
            ("POST /v1/status HTTP/1.1\r\n\r\n", 405, "Allow: GET"),
            ("POST /v1/status HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 413, "body-refused"),
            ("GET /v1/status HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 200, "relay.example"),
            ("GET /v1/status HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 413, "body-refused"),
            ("GET /v1/status\r\n\r\n", 400, "bad-request"),
            ("GET  /v1/status HTTP/1.1\r\n\r\n", 400, "bad-request"),
            ("GET http://x/v1/status HTTP/1.1\r\n\r\n", 400, "bad-request"),
            ("GET /v1/status HTTP/2.0\r\n\r\n", 400, "bad-request"),
            ("\r\n\r\n", 400, "bad-request"),
            ("\u{16}\u{3}\u{1}\u{2}\n\n", 400, "bad-request"),
        ])
    func answers(request: String, status: Int, part: String) async throws {
        try await serve { path in
            let answer = await Self.exchange(path, Array(request.utf8))
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
            #expect(answer.contains(part), "\(answer)")
        }
    }

    @Test("octets that are no UTF-8 get 400, and an error says what to do")
    func garbage() async throws {
        try await serve { path in
            let answer = await Self.exchange(path, [0xFF, 0xFE, 0x0A, 0x0A])
            #expect(answer.hasPrefix("HTTP/1.1 400 "))
            #expect(answer.contains("\"error\":{\"code\":\"bad-request\",\"cure\":\"Send an HTTP/1.1 GET request\""))
        }
    }

    @Test("the client reads what the server says")
    func client() async throws {
        try await serve { path in
            let client = ControlClient(socket: path)
            #expect(try await client.status().view == OneMessage.status)
            #expect(try await client.queue(QueueQuery()).view == QueuePage(messages: [OneMessage.message]))
            // A cursor comes back as it was given, whatever it holds.
            let page = try await client.queue(QueueQuery(limit: 1)).view
            let next = try await client.queue(QueueQuery(cursor: page.next)).view
            #expect(next.next == "c+1 &=")
            let id = try #require(QueueID(OneMessage.id))
            #expect(try await client.show(id)?.view == OneMessage.message)
            let other = try #require(QueueID("0123456789bcdfghjkl0"))
            #expect(try await client.show(other)?.view == nil)
            #expect(
                String(decoding: try await client.policy(try DomainName("x.example")), as: UTF8.self).hasPrefix(
                    "{\"domain\":\"x.example\"}"))
            let broken = QueueSelectors(sender: AddressSelector("break@example.org", isSender: true))
            await #expect(throws: ControlClientError.self) { try await client.queue(QueueQuery(broken)) }
            #expect(try await client.policies(PolicyQuery()).view == STSPage(policies: [OneMessage.stsView]))
            let domain = try DomainName("d.example")
            #expect(try await client.policies(PolicyQuery(after: domain)).view == STSPage(policies: []))
            #expect(try await client.refreshPolicy(of: domain).view.fetched)
            #expect(try await client.refreshPolicy(of: try DomainName("x.example")).view.error == "404")
        }
    }

    @Test("a daemon that is not there, and one that does not answer")
    func silence() async throws {
        await #expect(throws: ControlClientError.noAnswer("No such file or directory")) {
            try await ControlClient(socket: "/tmp/none-\(UUID().uuidString.prefix(8))").status()
        }
        await #expect(throws: ControlClientError.noAnswer("the path is longer than 107 octets")) {
            try await ControlClient(socket: "/" + String(repeating: "x", count: 107)).status()
        }
        let loop = try Loop(name: "silent")
        try loop.start()
        defer { loop.shutdown() }
        let path = "/tmp/silent-\(UUID().uuidString.prefix(8)).sock"
        let listener = try Listener(on: loop, address: .unix(path: path))
        defer { listener.close() }
        let hasty = ControlClient(socket: path, patience: .milliseconds(50))
        let stuck = ControlClientError.stuck("it took longer than 0.05 seconds")
        await #expect(throws: stuck) { try await hasty.status() }
        // What waits for lookups is not asked before there is a sign of life.
        await #expect(throws: stuck) { try await hasty.policy(try DomainName("d.example")) }
        await #expect(throws: stuck) { try await hasty.refreshPolicy(of: try DomainName("d.example")) }
    }

    @Test("where no orders are taken only a GET is, whatever its place would say")
    func questionsOnly() async throws {
        try await serve(takesOrders: false) { path in
            let question = Array("GET /v1/status HTTP/1.1\r\n\r\n".utf8)
            #expect(await Self.exchange(path, question).hasPrefix("HTTP/1.1 200 "))
            for line in [
                "POST /v1/reload HTTP/1.1", "POST /v1/status HTTP/1.1", "PUT /v1/status HTTP/1.1",
                "get /v1/status HTTP/1.1",
                "GET\t/v1/status HTTP/1.1", " GET /v1/status HTTP/1.1", "POST /nowhere HTTP/1.1",
                "POST /v1/queue/retry?destination=d.example HTTP/1.1",
            ] {
                let answer = await Self.exchange(path, Array("\(line)\r\n\r\n".utf8))
                #expect(answer.hasPrefix("HTTP/1.1 403 ") && answer.contains("questions-only"), "\(line): \(answer)")
            }
        }
    }

    @Test("a second daemon on the same path is refused, a stale file is replaced, another file is left alone")
    func places() async throws {
        let log = Logger(label: "t", factory: { _ in SwiftLogNoOpLogHandler() })
        let loop = try Loop(name: "places")
        try loop.start()
        defer { loop.shutdown() }
        try await serve { path in
            #expect(throws: ControlServerError.inUse(path)) {
                try ControlServer(on: loop, path: path, source: OneMessage(), log: log)
            }
            #expect(await Self.exchange(path, Self.head(100)).hasPrefix("HTTP/1.1 200 "))
        }
        let path = "/tmp/stale-\(UUID().uuidString.prefix(8)).sock"
        let dead = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        #expect(Self.apply(bind, to: dead, at: path) == 0)
        close(dead)
        try ControlServer(on: loop, path: path, source: OneMessage(), log: log).close()
        #expect(access(path, F_OK) == -1)
        try "mine".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: ControlServerError.inUse(path)) {
            try ControlServer(on: loop, path: path, source: OneMessage(), log: log)
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
        unlink(path)
    }

    @Test(
        "the end of a head, wherever the pieces are cut",
        arguments: [
            ("a\r\n\r\nb", 5), ("a\n\nb", 3), ("a\n\r\nb", 4), ("a\r\nb", nil), ("\r\n", nil), ("a\r\n\r", nil),
        ]
            as [(String, Int?)])
    func endOfHead(text: String, expected: Int?) {
        let octets = Array(text.utf8)
        #expect(ControlRequest.endOfHead(in: octets, searched: 0) == expected)
        var found: Int?
        for count in 1...octets.count where found == nil {
            found = ControlRequest.endOfHead(in: Array(octets[..<count]), searched: count - 1)
        }
        #expect(found == expected)
    }
}
