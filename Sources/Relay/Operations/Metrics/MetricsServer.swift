import Logging
import Net

/// What monitoring asks over TCP: `/metrics`, `/health` and `/ready`, by GET or HEAD, one request for each connection.
///
/// Bounded as the control socket is (``ExchangePoint``). It answers whoever can reach the port, so it tells numbers and no
/// names of senders, recipients or domains; the default address is a loopback one.
final class MetricsServer: Sendable {
    private let loop: Loop
    private let listener: Listener
    private let source: any MetricsSource
    private let limits: ControlServer.Limits
    private let log: Logger

    /// Opens the port.
    init(
        on loop: Loop, address: SocketAddress, source: any MetricsSource,
        limits: ControlServer.Limits = ControlServer.Limits(), log: Logger
    ) throws(Errno) {
        listener = try Listener(on: loop, address: address)
        self.loop = loop
        self.source = source
        self.limits = limits
        self.log = log
    }

    /// Where it listens, with the real port.
    var address: SocketAddress { listener.address }

    /// Serves until the task is cancelled or ``close()`` is called. To be called once.
    func run() async {
        await ExchangePoint(loop: loop, listener: listener).run { [log] error in
            log.event(.error, LogLine("metrics-failed").with("reason", "\(error)"))
        } serve: { stream, heard in
            await self.serve(stream, heard)
        }
    }

    /// From any thread.
    func close() { listener.close() }

    private func serve(_ stream: Net.Stream, _ heard: @Sendable () -> Void) async {
        defer { stream.close() }
        let answer: PlainAnswer
        switch await ExchangePoint.head(from: stream, until: .after(limits.request)) {
        case .gone: return
        case .displaced: answer = PlainAnswer(429, "Too Many Requests", "others wait: send the request at once\n")
        case .tooLate: answer = PlainAnswer(408, "Request Timeout", "the request took too long\n")
        case .tooLarge: answer = PlainAnswer(431, "Request Header Fields Too Large", "the head is too large\n")
        case .octets(let octets, rest: _):
            heard()
            answer = await self.answer(to: octets)
        }
        // A client that went away has no use for an error.
        _ = try? await stream.write(answer.octets, until: .after(limits.response))
    }

    private func answer(to head: [UInt8]) async -> PlainAnswer {
        let line = head.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
        let words = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0", words[1].first == "/" else {
            return PlainAnswer(400, "Bad Request", "send an HTTP/1.1 GET request\n")
        }
        guard words[0] == "GET" || words[0] == "HEAD" else {
            return PlainAnswer(405, "Method Not Allowed", "only GET and HEAD are answered\n", allow: "GET, HEAD")
        }
        // What stands behind the question mark chooses nothing here.
        let path = words[1].prefix { $0 != "?" }
        var answer = await self.answer(at: path)
        answer.isHead = words[0] == "HEAD"
        return answer
    }

    private func answer(at path: Substring) async -> PlainAnswer {
        switch path {
        case "/metrics":
            return PlainAnswer(200, "OK", await source.metricsText(), type: Exposition.contentType)
        case "/health":
            return await source.isAlive()
                ? PlainAnswer(200, "OK", "ok\n")
                : PlainAnswer(503, "Service Unavailable", "an event loop does not answer\n")
        case "/ready":
            let obstacles = await source.obstacles()
            guard !obstacles.isEmpty else { return PlainAnswer(200, "OK", "ready\n") }
            let lines = obstacles.map { LogLine.oneLine($0) + "\n" }.joined()
            return PlainAnswer(503, "Service Unavailable", lines)
        default:
            return PlainAnswer(404, "Not Found", "ask for /metrics, /health or /ready\n")
        }
    }
}

/// A status and some text, for a connection that ends with it.
struct PlainAnswer: Sendable {
    let status: Int
    let phrase: String
    let body: String
    var type = "text/plain; charset=utf-8"
    var allow: String?
    /// The client wants the head alone (RFC 9110 §9.3.2).
    var isHead = false

    init(
        _ status: Int, _ phrase: String, _ body: String, type: String = "text/plain; charset=utf-8",
        allow: String? = nil
    ) {
        self.status = status
        self.phrase = phrase
        self.body = body
        self.type = type
        self.allow = allow
    }

    var octets: [UInt8] {
        var text = "HTTP/1.1 \(status) \(phrase)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n"
        text += "Cache-Control: no-store\r\nConnection: close\r\n"
        if let allow { text += "Allow: \(allow)\r\n" }
        text += "\r\n"
        return Array(text.utf8) + (isHead ? [] : Array(body.utf8))
    }
}
