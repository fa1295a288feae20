import Mail
import Testing

@testable import Relay

/// Orders that this daemon takes: two pages of each, made of what was asked.
extension OneMessage {
    func order(
        _ verb: QueueVerb, _ selectors: QueueSelectors, dryRun: Bool, reason: String?, cursor: String?
    ) async throws -> QueueOrderPage {
        if selectors.destination?.text == "broken.example" { throw Broken() }
        let example = QueueOrderExample(
            id: Self.id, sender: selectors.sender?.description ?? "", recipient: reason ?? "none",
            destination: selectors.destination?.text ?? "none", state: dryRun ? "queued" : verb.rawValue)
        return QueueOrderPage(
            touched: cursor == nil ? 3 : 1, skipped: 1, busy: 2, examples: [example],
            byDestination: [DestinationCount(destination: "example.net", recipients: cursor == nil ? 3 : 1)],
            next: cursor == nil ? "2 &=+" : nil)
    }

    func destinations(limit: Int, suspendedOnly: Bool) async throws -> DestinationsPage {
        DestinationsPage(destinations: [
            DestinationView(name: suspendedOnly ? "s.example" : "d.example", due: limit, state: "suspended")
        ])
    }

    func suspend(_ name: DestinationName, seconds: Int64?, reason: String?) async throws -> SuspensionView {
        SuspensionView(destination: name.text, since: 7, until: seconds.map { $0 + 7 }, reason: reason ?? "")
    }

    func resume(_ name: DestinationName) async throws -> ResumptionView {
        ResumptionView(destination: name.text, resumed: name.text == "d.example")
    }

    func holds() async throws -> HoldsView {
        HoldsView(holds: [HoldRuleView(number: 1, sender: "@example.org", reason: "why", since: 7)])
    }

    func addHold(_ rule: HoldOrder, reason: String?) async throws -> HoldRuleView {
        HoldRuleView(
            number: 2, sender: rule.sender?.description, recipient: rule.recipient?.description,
            destination: rule.destination?.text, reason: reason ?? "", since: 7)
    }

    func removeHold(_ number: Int64) async throws -> Bool { number == 1 }

    func explain(key: String, limit: Int) async throws -> ExplainAnswer {
        ExplainAnswer(page: ExplainPage(matches: []))
    }
    func bundle(key: String) async throws -> BundleAnswer {
        BundleAnswer(explanation: try await explain(key: key, limit: 1), bundle: BundleView())
    }
    func trace(key: String, limit: Int) async throws -> TracePage {
        if key == "broken" { throw Broken() }
        return TracePage(matches: [])
    }

    func simulate(_ query: SimulationQuery) async throws -> SimulationPage {
        SimulationPage(faults: [], notSimulated: [query.configuration], days: query.days)
    }

    func reload() async throws -> ReloadView {
        ReloadView(
            applied: false, changed: ["retry.minimum"], restartNeeded: ["store.directory"],
            faults: [FaultView(file: "f.toml", line: 2, column: 1, key: "k", problem: "p", cure: "c")])
    }

    func metrics() async throws -> String { "# TYPE a counter\na 1\n" }
}

@Suite("Orders on the control socket", .timeLimit(.minutes(10)))
struct QueueControlTests {
    static func parse(_ request: String) throws(ControlRefusal) -> ControlRequest {
        try ControlRequest.parse("\(request) HTTP/1.1\r\n\r\n".utf8)
    }

    static func order(
        _ verb: QueueVerb, _ selectors: QueueSelectors, isDryRun: Bool = false, reason: String? = nil,
        cursor: String? = nil
    ) -> ControlRequest {
        .order(QueueOrder(verb: verb, selectors: selectors, isDryRun: isDryRun, reason: reason, cursor: cursor))
    }

    static func sender(_ text: String) -> AddressSelector? { AddressSelector(text, isSender: true) }

    @Test("each route, read")
    func routes() throws {
        let id = try #require(QueueID(OneMessage.id))
        let other = try #require(QueueID("0123456789bcdfghjkl0"))
        let d = try #require(DestinationName("d.example"))
        let routed = try #require(DestinationName("via:[mx.d.example]:2525"))
        let table: [(String, ControlRequest)] = [
            ("GET /v1/queue", .queue(QueueQuery())),
            (
                "GET /v1/queue?id=\(id)&id=\(other)&state=held&state=deferred&limit=7&cursor=9",
                .queue(
                    QueueQuery(QueueSelectors(ids: [id, other]), states: [.held, .deferred], limit: 7, cursor: "9"))
            ),
            (
                "GET /v1/queue?recipient=%40D.example&older_than=60",
                .queue(
                    QueueQuery(
                        QueueSelectors(
                            recipient: AddressSelector("@d.example", isSender: false), olderThan: 60)))
            ),
            ("GET /v1/queue?all=yes", .queue(QueueQuery(QueueSelectors(all: true)))),
            ("POST /v1/queue/retry?destination=D.Example.", Self.order(.retry, QueueSelectors(destination: d))),
            (
                "POST /v1/queue/hold?sender=a@d.example&reason=%20why%20not%20",
                Self.order(.hold, QueueSelectors(sender: Self.sender("a@d.example")), reason: "why not")
            ),
            ("POST /v1/queue/release?sender=%3C%3E", Self.order(.release, QueueSelectors(sender: .null))),
            ("POST /v1/queue/release?sender=", Self.order(.release, QueueSelectors(sender: .null))),
            (
                "POST /v1/queue/bounce?destination=via:%5BMX.d.example%5D:2525&dry_run=yes",
                Self.order(.bounce, QueueSelectors(destination: routed), isDryRun: true)
            ),
            (
                "POST /v1/queue/delete?all=yes&cursor=12",
                Self.order(.delete, QueueSelectors(all: true), cursor: "12")
            ),
            ("GET /v1/destinations", .destinations(limit: 100, suspendedOnly: false)),
            ("GET /v1/destinations?limit=1000&suspended=yes", .destinations(limit: 1000, suspendedOnly: true)),
            ("POST /v1/destinations/d.example/suspend", .suspend(d, seconds: nil, reason: nil)),
            (
                "POST /v1/destinations/via:%5Bmx.d.example%5D:2525/suspend?seconds=7200&reason=r",
                .suspend(routed, seconds: 7200, reason: "r")
            ),
            ("POST /v1/destinations/D.example/resume", .resume(d)),
            ("GET /v1/holds", .holds),
            (
                "POST /v1/holds/add?sender=%40d.example&destination=d.example&reason=r",
                .addHold(HoldOrder(sender: Self.sender("@d.example"), destination: d), reason: "r")
            ),
            ("POST /v1/holds/9223372036854775807/remove", .removeHold(.max)),
            ("GET /v1/trace?key=a@d.example", .trace(key: "a@d.example", limit: 20)),
            ("GET /v1/trace?key=%3Cx%2By@d.example%3E&limit=100", .trace(key: "<x+y@d.example>", limit: 100)),
            ("POST /v1/reload", .reload), ("GET /v1/metrics", .metrics),
        ]
        for (text, request) in table { #expect(try Self.parse(text) == request, "\(text)") }
    }

    @Test(
        "what is refused, and how",
        arguments: [
            ("POST /v1/queue/retry", 400, "no-selector"), ("POST /v1/queue/delete?dry_run=yes", 400, "no-selector"),
            ("POST /v1/queue/delete?all=no", 400, "bad-choice"), ("POST /v1/queue/delete?all", 400, "bad-choice"),
            ("POST /v1/queue/delete?all=yes&dry_run=true", 400, "bad-choice"),
            ("POST /v1/queue/delete?all=yes&id=\(OneMessage.id)", 400, "all-and-more"),
            ("GET /v1/queue?all=yes&sender=a@d.example", 400, "all-and-more"),
            ("POST /v1/queue/delete?all=yes&all=yes", 400, "given-twice"),
            ("POST /v1/queue/hold?destination=a.example&destination=b.example", 400, "given-twice"),
            ("GET /v1/queue?limit=1&limit=2", 400, "given-twice"),
            ("POST /v1/queue/hold?id=short", 400, "bad-queue-id"),
            ("POST /v1/queue/hold?destination=a..b", 400, "bad-domain"),
            ("POST /v1/queue/hold?destination=", 400, "bad-domain"),
            ("POST /v1/queue/hold?sender=nobody", 400, "bad-address"),
            ("POST /v1/queue/hold?sender=@", 400, "bad-address"),
            ("POST /v1/queue/hold?recipient=%3C%3E", 400, "bad-address"),
            ("POST /v1/queue/hold?recipient=", 400, "bad-address"),
            ("POST /v1/queue/hold?older_than=0", 400, "bad-seconds"),
            ("POST /v1/queue/hold?older_than=2h", 400, "bad-seconds"),
            ("POST /v1/queue/hold?older_than=-5", 400, "bad-seconds"),
            ("POST /v1/queue/hold?all=yes&reason=", 400, "bad-reason"),
            ("POST /v1/queue/hold?all=yes&reason=%20", 400, "bad-reason"),
            ("POST /v1/queue/hold?all=yes&reason=a%0Ab", 400, "bad-reason"),
            ("POST /v1/queue/hold?all=yes&reason=a%E2%80%AEb", 400, "bad-reason"),
            ("POST /v1/queue/hold?all=yes&limit=5", 400, "unknown-parameter"),
            ("POST /v1/queue/hold?all=yes&state=held", 400, "unknown-parameter"),
            ("GET /v1/queue?dry_run=yes", 400, "unknown-parameter"),
            ("GET /v1/queue?state=gone", 400, "bad-state"), ("GET /v1/queue?state=active", 400, "bad-state"),
            ("GET /v1/queue/hold?all=yes", 405, "POST"), ("DELETE /v1/queue/hold?all=yes", 405, "POST"),
            ("POST /v1/queue?all=yes", 405, "GET"), ("POST /v1/queue/\(OneMessage.id)", 405, "GET"),
            ("POST /v1/queue/hold/x?all=yes", 405, "GET"), ("GET /v1/queue/hold/x", 404, "not-found"),
            ("GET /v1/queue/Hold", 400, "bad-queue-id"),
            ("GET /v1/destinations?limit=0", 400, "bad-limit"),
            ("GET /v1/destinations?suspended=1", 400, "bad-choice"),
            ("POST /v1/destinations", 405, "GET"), ("GET /v1/destinations/d.example", 404, "not-found"),
            ("GET /v1/destinations/d.example/suspend", 405, "POST"),
            ("GET /v1/destinations/d.example/resume", 405, "POST"),
            ("POST /v1/destinations/a..b/suspend", 400, "bad-domain"),
            ("POST /v1/destinations/[d.example/suspend", 400, "bad-domain"),
            ("POST /v1/destinations/d.example:0/resume", 400, "bad-domain"),
            ("POST /v1/destinations/d.example/suspend?seconds=0", 400, "bad-seconds"),
            ("POST /v1/destinations/d.example/suspend?for=2h", 400, "unknown-parameter"),
            ("POST /v1/destinations/d.example/resume?reason=r", 400, "unknown-parameter"),
            ("POST /v1/holds", 405, "GET"), ("GET /v1/holds?limit=1", 400, "unknown-parameter"),
            ("GET /v1/holds/add?sender=a@d.example", 405, "POST"), ("POST /v1/holds/add", 400, "no-selector"),
            ("POST /v1/holds/add?reason=r", 400, "no-selector"),
            ("POST /v1/holds/add?id=\(OneMessage.id)", 400, "unknown-parameter"),
            ("POST /v1/holds/add?all=yes", 400, "unknown-parameter"),
            ("POST /v1/holds/0/remove", 400, "bad-number"), ("POST /v1/holds/x/remove", 400, "bad-number"),
            ("POST /v1/holds/9223372036854775808/remove", 400, "bad-number"),
            ("POST /v1/holds/2/remove", 404, "no-such-rule"), ("GET /v1/holds/1/remove", 405, "POST"),
            ("GET /v1/trace", 400, "no-key"), ("GET /v1/trace?key=", 400, "no-key"),
            ("GET /v1/trace?key=a&limit=0", 400, "bad-limit"), ("POST /v1/trace?key=a", 405, "GET"),
            ("GET /v1/trace?key=broken", 500, "internal"),
            ("GET /v1/reload", 405, "POST"), ("POST /v1/reload?now=yes", 400, "unknown-parameter"),
            ("POST /v1/metrics", 405, "GET"), ("GET /v1/metrics?x=1", 400, "unknown-parameter"),
            ("POST /v1/queue/hold?destination=broken.example", 500, "internal"),
        ])
    func refusals(request: String, status: Int, part: String) async throws {
        let answer: ControlAnswer
        do throws(ControlRefusal) {
            answer = await OneMessage().answer(try Self.parse(request))
        } catch {
            answer = error.answer
        }
        let text = String(decoding: answer.octets, as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 \(status) "), "\(text)")
        #expect(text.contains(status == 405 ? "Allow: \(part)\r\n" : "\"code\":\"\(part)\""), "\(text)")
    }

    @Test("each bound, at the limit and one past it")
    func bounds() throws {
        func isTaken(_ request: String) -> Bool { (try? Self.parse(request)) != nil }
        func text(_ count: Int) -> String { String(repeating: "x", count: count) }
        let id = "id=\(OneMessage.id)"
        let cases: [(String, (Int) -> String, Int)] = [
            ("ids", { Array(repeating: id, count: $0).joined(separator: "&") }, QueueSelectors.idLimit),
            ("age", { "older_than=\($0)" }, Int(QueueSelectors.ageLimit)),
            ("reason", { "all=yes&reason=" + text($0) }, ControlLimits.reason),
            ("cursor", { "all=yes&cursor=" + text($0) }, ControlLimits.text),
        ]
        for (name, query, limit) in cases {
            #expect(isTaken("POST /v1/queue/hold?" + query(limit)), "\(name)")
            #expect(!isTaken("POST /v1/queue/hold?" + query(limit + 1)), "\(name)")
        }
        for (request, limit) in [
            ("GET /v1/queue?limit=", QueueQuery.limitCeiling),
            ("GET /v1/destinations?limit=", ControlLimits.destinations),
            ("GET /v1/trace?key=a&limit=", ControlLimits.lives),
            ("POST /v1/destinations/d.example/suspend?seconds=", Int(ControlLimits.suspension)),
        ] {
            #expect(isTaken("\(request)\(limit)"), "\(request)")
            #expect(!isTaken("\(request)\(limit + 1)"), "\(request)")
        }
        #expect(isTaken("GET /v1/trace?key=" + text(ControlLimits.text)))
        #expect(!isTaken("GET /v1/trace?key=" + text(ControlLimits.text + 1)))
    }

    @Test("the client says what it is told to, and reads every answer")
    func client() async throws {
        try await ControlTests().serve { path in
            let client = ControlClient(socket: path)
            let d = try #require(DestinationName("d.example"))
            let odd = try #require(DestinationName("via:[192.0.2.1]:2525"))
            let selectors = QueueSelectors(destination: odd, sender: .null, olderThan: 60)
            let first = try await client.order(.bounce, selectors, dryRun: true, reason: "a & b=c+d ü", cursor: nil)
                .view
            #expect(
                first.examples == [
                    QueueOrderExample(
                        id: OneMessage.id, sender: "<>", recipient: "a & b=c+d ü", destination: odd.text,
                        state: "queued")
                ])
            #expect(first.next == "2 &=+" && first.byDestination.map(\.recipients) == [3])
            let last = try await client.order(.bounce, selectors, dryRun: false, reason: nil, cursor: first.next).view
            #expect(last.next == nil && last.touched == 1 && last.examples.map(\.state) == ["bounce"])
            let all = QueueSelectors(all: true)
            #expect(try await client.order(.hold, all, dryRun: false, reason: nil, cursor: nil).view.touched == 3)

            let some = try await client.destinations(limit: 1000, suspendedOnly: true).view.destinations
            #expect(some.map(\.name) == ["s.example"] && some.map(\.due) == [1000])
            #expect(
                try await client.suspend(odd, seconds: 60, reason: "r").view
                    == SuspensionView(destination: odd.text, since: 7, until: 67, reason: "r"))
            #expect(try await client.suspend(d, seconds: nil, reason: nil).view.until == nil)
            #expect(try await client.resume(d).view.resumed)
            #expect(try await !client.resume(odd).view.resumed)

            #expect(try await client.holds().view.holds.map(\.number) == [1])
            let rule = HoldOrder(sender: .null, recipient: AddressSelector("@d.example", isSender: false))
            let added = try await client.addHold(rule, reason: "why").view
            #expect(added.sender == "<>" && added.recipient == "@d.example" && added.reason == "why")
            #expect(try await client.removeHold(1)?.view == HoldRemovalView(number: 1, removed: true))
            #expect(try await client.removeHold(2)?.view == nil)

            #expect(try await client.trace(key: "<a+b@d.example>", limit: 1).view == TracePage(matches: []))
            let reload = try await client.reload().view
            #expect(!reload.applied && reload.restartNeeded == ["store.directory"])
            #expect(reload.faults.map(\.description) == ["f.toml:2:1: k: p. c."])
            #expect(try await client.metrics() == "# TYPE a counter\na 1\n")
        }
    }

    @Test("metrics are text, as Prometheus wants them")
    func exposition() async throws {
        let text = String(decoding: await OneMessage().answer(.metrics).octets, as: UTF8.self)
        #expect(text.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: 21\r\n"))
        #expect(text.hasSuffix("\r\n\r\n# TYPE a counter\na 1\n"))
    }

    @Test(
        "names of destinations",
        arguments: [
            ("Example.ORG.", "example.org", true), ("example.org:2525", "example.org:2525", false),
            ("example.org:25", "example.org", false), ("[MX.example.org]", "[mx.example.org]", false),
            ("[192.0.2.1]:26", "[192.0.2.1]:26", false), ("[2001:DB8::1]", "[2001:db8::1]", false),
            ("[2001:db8::1]:465", "[2001:db8::1]:465", false), ("via:mx.example.org", "via:mx.example.org", false),
            ("via:[192.0.2.1]:2525", "via:[192.0.2.1]:2525", false),
            ("", nil, false), ("via:", nil, false), ("[]", nil, false), ("[a..b]", nil, false), ("a b", nil, false),
            ("example.org:", nil, false), ("example.org:0", nil, false), ("example.org:65536", nil, false),
            ("example.org:x", nil, false), ("[192.0.2.1", nil, false), ("via:via:a.example", nil, false),
            ("../a", nil, false), (String(repeating: "a", count: 300), nil, false),
        ] as [(String, String?, Bool)])
    func names(written: String, text: String?, isDomain: Bool) {
        let name = DestinationName(written)
        #expect(name?.text == text)
        #expect((name?.domain != nil) == isDomain)
        // What is listed can be said back.
        if let name { #expect(DestinationName(name.text)?.text == name.text) }
    }

    @Test(
        "addresses that select",
        arguments: [
            ("a@d.example", true, "a@d.example"), ("\"a b\"@d.example", false, "\"a b\"@d.example"),
            ("@D.example", false, "@d.example"), ("@bücher.example", true, "@xn--bcher-kva.example"),
            ("ü@bücher.example", false, "ü@xn--bcher-kva.example"), ("a@[192.0.2.1]", false, "a@[192.0.2.1]"),
            ("<>", true, "<>"), ("", true, "<>"), ("<>", false, nil), ("", false, nil), ("a", true, nil),
            ("@", true, nil), ("@a..b", true, nil), ("<a@d.example>", true, nil), ("a@", true, nil),
        ] as [(String, Bool, String?)])
    func addresses(written: String, isSender: Bool, text: String?) {
        #expect(AddressSelector(written, isSender: isSender)?.description == text)
    }
}
