import Foundation
import Glibc
import Logging
import Net
import Synchronization
import Testing

@testable import Relay

/// A daemon that is as well as a test wants it.
private final class Patient: MetricsSource {
    let complaints = Mutex<[String]>([])
    let isWell = Mutex(true)

    func metricsText() async -> String { Metrics().text(with: MetricsNumbers()) }
    func obstacles() async -> [String] { complaints.withLock { $0 } }
    func isAlive() async -> Bool { isWell.withLock { $0 } }
}

@Suite("Metrics: the port", .timeLimit(.minutes(10)))
struct MetricsServerTests {
    private func serve(
        _ limits: ControlServer.Limits = .init(request: .seconds(300), response: .seconds(300)),
        _ body: @escaping @Sendable (UInt16, Patient) async throws -> Void
    ) async throws {
        let loop = try Loop(name: "metrics")
        try loop.start()
        defer { loop.shutdown() }
        let patient = Patient()
        let address = try #require(SocketAddress("127.0.0.1:0"))
        let log = Logger(label: "t", factory: { _ in SwiftLogNoOpLogHandler() })
        let server = try MetricsServer(on: loop, address: address, source: patient, limits: limits, log: log)
        let port = try #require(server.address.port)
        let running = loop.task { await server.run() }
        do {
            try await body(port, patient)
        } catch {
            server.close()
            await running.value
            throw error
        }
        server.close()
        await running.value
    }

    /// Sends `octets`, then reads to the end; on a thread of its own, which may block.
    static func exchange(_ port: UInt16, _ octets: [UInt8]) async -> String {
        await withCheckedContinuation { continuation in
            Thread {
                let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
                defer { close(descriptor) }
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = port.bigEndian
                address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
                let connected = withUnsafeBytes(of: address) { bytes in
                    bytes.withMemoryRebound(to: sockaddr.self) {
                        connect(descriptor, $0.baseAddress, socklen_t(bytes.count))
                    }
                }
                guard connected == 0 else { return continuation.resume(returning: "no connection") }
                var rest = octets[...]
                while !rest.isEmpty {
                    let sent = send(descriptor, Array(rest), rest.count, CInt(MSG_NOSIGNAL))
                    if sent <= 0 { break }
                    rest = rest.dropFirst(sent)
                }
                var answer: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 65_536)
                while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 {
                    answer += buffer[..<count]
                }
                continuation.resume(returning: String(decoding: answer, as: UTF8.self))
            }.start()
        }
    }

    @Test(
        "what is answered to what",
        arguments: [
            ("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 200, "# TYPE waxwing_messages_accepted_total counter"),
            ("GET /metrics?x=y HTTP/1.0\n\n", 200, "text/plain; version=0.0.4; charset=utf-8"),
            ("GET /health HTTP/1.1\r\n\r\n", 200, "\r\n\r\nok\n"),
            ("GET /ready HTTP/1.1\r\n\r\n", 200, "\r\n\r\nready\n"),
            ("POST /metrics HTTP/1.1\r\n\r\n", 405, "Allow: GET, HEAD"),
            ("GET /v1/status HTTP/1.1\r\n\r\n", 404, "/metrics"),
            ("GET metrics HTTP/1.1\r\n\r\n", 400, ""), ("GET /metrics\r\n\r\n", 400, ""),
            ("GET /metrics HTTP/2\r\n\r\n", 400, ""), ("\u{16}\u{3}\u{1}\r\n\r\n", 400, ""),
        ])
    func answers(request: String, status: Int, part: String) async throws {
        try await serve { port, _ in
            let answer = await Self.exchange(port, Array(request.utf8))
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer.prefix(80))")
            #expect((part.isEmpty || answer.contains(part)), "\(answer.prefix(400))")
        }
    }

    @Test("HEAD has the same head and no body")
    func head() async throws {
        try await serve { port, _ in
            let whole = await Self.exchange(port, Array("GET /metrics HTTP/1.1\r\n\r\n".utf8))
            let head = await Self.exchange(port, Array("HEAD /metrics HTTP/1.1\r\n\r\n".utf8))
            #expect(head.hasSuffix("\r\n\r\n") && whole.hasPrefix(head))
        }
    }

    @Test("503 with every reason on a line of its own, and health apart from readiness")
    func obstacles() async throws {
        try await serve { port, patient in
            patient.complaints.withLock { $0 = ["the disk is full", "two\nlines"] }
            let ready = await Self.exchange(port, Array("GET /ready HTTP/1.1\r\n\r\n".utf8))
            #expect(ready.hasPrefix("HTTP/1.1 503 ") && ready.hasSuffix("\r\n\r\nthe disk is full\ntwo\\nlines\n"))
            #expect(await Self.exchange(port, Array("GET /health HTTP/1.1\r\n\r\n".utf8)).hasPrefix("HTTP/1.1 200 "))
            patient.isWell.withLock { $0 = false }
            #expect(await Self.exchange(port, Array("GET /health HTTP/1.1\r\n\r\n".utf8)).hasPrefix("HTTP/1.1 503 "))
        }
    }

    @Test("a head of 16 KiB is read, one octet more gets 431, and half a request 408")
    func limits() async throws {
        func head(_ count: Int) -> [UInt8] {
            let frame = "GET /health HTTP/1.1\r\nX: \r\n\r\n"
            let padding = String(repeating: "x", count: count - frame.utf8.count)
            return Array("GET /health HTTP/1.1\r\nX: \(padding)\r\n\r\n".utf8)
        }
        let (fits, tooLong) = (head(ControlRequest.headLimit), head(ControlRequest.headLimit + 1))
        try await serve { port, _ in
            #expect(await Self.exchange(port, fits).hasPrefix("HTTP/1.1 200 "))
            #expect(await Self.exchange(port, tooLong).hasPrefix("HTTP/1.1 431 "))
        }
        try await serve(.init(request: .milliseconds(50))) { port, _ in
            #expect(await Self.exchange(port, Array("GET /hea".utf8)).hasPrefix("HTTP/1.1 408 "))
        }
    }
}
