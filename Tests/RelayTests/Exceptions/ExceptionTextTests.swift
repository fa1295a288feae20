import Mail
import Testing

@testable import Relay

/// What people read of exceptions and observed rules, and how they are asked for.
@Suite("Exceptions in words")
struct ExceptionTextTests {
    private static let style = TextStyle(width: 100, isColoured: false)
    private static let now = WallTime(seconds: 1_000_400)

    @Test("the list says what ends when, and what is not needed any more")
    func list() {
        let needed = ExceptionView(
            domain: "e.example", allow: "opportunistic", since: 1_000_000, until: 1_086_400, reason: "no TLS at all")
        let text = ExceptionText.list([OneMessage.exception, needed], now: Self.now, style: Self.style)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(
            lines[0].split(whereSeparator: \.isWhitespace) == [
                "DOMAIN", "ALLOWS", "SINCE", "ENDS", "STATE", "CONNECTIONS", "REASON",
            ])
        #expect(lines[1].contains("or when fixed") && lines[1].contains("not needed since 5m"))
        #expect(lines[1].hasSuffix("their key is stale") && lines[2].contains("needed"))
        #expect(ExceptionText.list([], now: Self.now, style: Self.style).hasPrefix("There is no exception"))
    }

    @Test("what is not needed and does not end by itself has the command that ends it beside")
    func unneeded() {
        let view = ExceptionView(
            domain: "e.example", allow: "encrypted", since: 1, until: 2_000_000, reason: "r", unneededSince: 1_000_000)
        let text = ExceptionText.list([view], now: Self.now, style: Self.style)
        #expect(text.contains("relayctl exception remove e.example"))
    }

    @Test("what a stranger wrote into a reason stays one harmless line")
    func harmless() {
        let view = ExceptionView(
            domain: "e.example", allow: "encrypted", since: 1, until: 2_000_000, reason: "a\u{1B}[2Jb\nc")
        let text = ExceptionText.list([view], now: Self.now, style: Self.style)
        #expect(!text.contains("\u{1B}") && text.split(separator: "\n").count == 2)
    }

    @Test("observed rules: refusals first, the main cause beside")
    func observed() {
        let view = ObservedView(
            days: 7,
            observed: [
                ObservedRowView(
                    rule: "rule \"d.example\"", destination: "d.example", wentThrough: 1200,
                    causes: ["dane-required": 40, "starttls-missing": 2])
            ])
        let text = ExceptionText.observed(view, style: Self.style)
        #expect(text.hasPrefix("Connections in the last 7 days:\n") && text.contains("42     1,200  dane-required"))
        #expect(ExceptionText.observed(ObservedView(days: 1, observed: []), style: Self.style).contains("today"))
    }

    /// The head, and what is asked; nil where it is refused.
    static let requests: [(String, ExceptionRequest?)] = [
        ("GET /v1/exceptions", .list),
        ("POST /v1/exceptions", nil),
        ("GET /v1/observed", .observed(days: 7)),
        ("GET /v1/observed?days=366", .observed(days: 366)),
        ("GET /v1/observed?days=367", nil),
        ("GET /v1/observed?days=0", nil),
        ("POST /v1/exceptions/add?domain=d.example&allow=encrypted&seconds=7776000&reason=why", .add(order(7_776_000))),
        ("POST /v1/exceptions/add?domain=d.example&allow=encrypted&seconds=7776001&reason=why", nil),
        ("POST /v1/exceptions/add?domain=d.example&allow=encrypted&reason=why", nil),
        ("POST /v1/exceptions/add?domain=d.example&allow=encrypted&seconds=60", nil),
        ("POST /v1/exceptions/add?domain=d.example&allow=none&seconds=60&reason=why", nil),
        ("POST /v1/exceptions/add?allow=encrypted&seconds=60&reason=why", nil),
        ("POST /v1/exceptions/add?domain=a%20b&allow=encrypted&seconds=60&reason=why", nil),
        ("GET /v1/exceptions/add?domain=d.example&allow=encrypted&seconds=60&reason=why", nil),
        ("POST /v1/exceptions/d.example/remove", .remove(ExceptionBookTests.domain)),
    ]

    static func order(_ seconds: Int64) -> ExceptionOrder {
        ExceptionOrder(domain: ExceptionBookTests.domain, allow: .encrypted, seconds: seconds, reason: "why")
    }

    @Test("requests are read strictly", arguments: requests)
    func request(_ row: (String, ExceptionRequest?)) {
        let head = Array("\(row.0) HTTP/1.1\r\nHost: relayd\r\n\r\n".utf8)
        let read = Result { try ControlRequest.parse(head) }
        if let expected = row.1 {
            #expect((try? read.get()) == .exceptions(expected), "\(row.0)")
        } else {
            #expect((try? read.get()) == nil, "\(row.0)")
        }
    }
}
