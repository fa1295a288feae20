import ArgumentParser
import Foundation
import Logging
import Mail
import Net
import Relay
import Synchronization
import Testing

@testable import relayctl

/// A daemon with so many recipients, of which a page holds two.
final class ScriptedDaemon: ControlSource {
    static let page = 2
    private let count: Int
    /// Fails when it is asked for the page behind this one.
    private let breaksAt: Int?
    /// Sends us Ctrl-C when it is asked for the page behind this one.
    private let interruptsAt: Int?
    private let orders = Mutex<[String]>([])

    struct Broken: Error {}

    init(count: Int = 5, breaksAt: Int? = nil, interruptsAt: Int? = nil) {
        self.count = count
        self.interruptsAt = interruptsAt
        self.breaksAt = breaksAt
    }

    /// What was ordered, in order.
    var log: [String] { orders.withLock { $0 } }

    private func note(_ text: String) { orders.withLock { $0.append(text) } }

    func status() async -> StatusView {
        StatusView(
            version: "1", pid: 1, startedAt: 1, uptime: 1, hostname: "h.example", listeners: [],
            store: StoreView(
                directory: "/q", messages: count, recipients: count, quarantined: 0, freeBytes: 1, floor: 1),
            resolver: ResolverView(state: "running", library: "l", unsafe: false),
            intake: IntakeView(connections: 0, acceptedTotal: 0, refusedTotal: 0),
            delivery: DeliveryView(connections: 0, deliveredTotal: 0, deferredTotal: 0, bouncedTotal: 0),
            destinations: DestinationsView(active: 0, backedOff: 0), warnings: [])
    }

    func queue(_ query: QueueQuery) async throws -> QueuePage {
        note("list \(query.selectors.words.joined(separator: " ")) \(query.states.map(\.rawValue).sorted())")
        return QueuePage(messages: [])
    }

    func order(
        _ verb: QueueVerb, _ selectors: QueueSelectors, dryRun: Bool, reason: String?, cursor: String?
    ) async throws -> QueueOrderPage {
        let words = selectors.ids.count > 1 ? "\(selectors.ids.count) ids" : selectors.words.joined(separator: " ")
        note("\(verb.rawValue) \(words)\(dryRun ? " dry" : "")\(reason.map { ": \($0)" } ?? "")")
        let start = cursor.flatMap { Int($0) } ?? 0
        if start == breaksAt { throw Broken() }
        if start == interruptsAt { kill(getpid(), SIGINT) }
        let touched = min(Self.page, count - start)
        let end = start + touched
        return QueueOrderPage(touched: touched, next: end < count ? "\(end)" : nil)
    }

    func destinations(limit: Int, suspendedOnly: Bool) async throws -> DestinationsPage {
        DestinationsPage(destinations: suspendedOnly ? [] : [DestinationView(name: "d.example")])
    }

    func suspend(_ name: DestinationName, seconds: Int64?, reason: String?) async throws -> SuspensionView {
        note("suspend \(name) \(seconds.map(String.init) ?? "-") \(reason ?? "-")")
        return SuspensionView(destination: name.text, since: 1, reason: reason ?? "")
    }

    func resume(_ name: DestinationName) async throws -> ResumptionView {
        ResumptionView(destination: name.text, resumed: name.text == "d.example")
    }

    func holds() async throws -> HoldsView {
        HoldsView(holds: [HoldRuleView(number: 3, sender: "@d.example", reason: "why", since: 1)])
    }

    func addHold(_ rule: HoldOrder, reason: String?) async throws -> HoldRuleView {
        note("add \(rule.selectors.words.joined(separator: " "))")
        return HoldRuleView(number: 4, sender: rule.sender?.description, reason: reason ?? "by the operator", since: 1)
    }

    func removeHold(_ number: Int64) async throws -> Bool {
        note("remove \(number)")
        return true
    }

    func trace(key: String, limit: Int) async throws -> TracePage { TracePage(matches: []) }
    func explain(key: String, limit: Int) async throws -> ExplainAnswer {
        ExplainAnswer(page: ExplainPage(matches: []))
    }
    func bundle(key: String) async throws -> BundleAnswer {
        BundleAnswer(explanation: try await explain(key: key, limit: 1), bundle: BundleView())
    }

    func reload() async throws -> ReloadView {
        note("reload")
        guard breaksAt != nil else { return ReloadView(applied: true) }
        return ReloadView(applied: false, faults: [FaultView(file: "f", key: "k", problem: "p", cure: "c")])
    }

    func metrics() async throws -> String { "" }

    func simulate(_ query: SimulationQuery) async throws -> SimulationPage { SimulationPage(days: query.days) }
    func history(of name: DomainName, before: Int64?, limit: Int) async throws -> HistoryView? { nil }
    func forecast(seconds: Int64?) async throws -> ForecastView { throw Broken() }
    func show(_ id: QueueID) async throws -> MessageView? { nil }
    func policy(_ domain: DomainName) async throws -> [UInt8] { throw Broken() }
    func policyPage(after domain: DomainName?, limit: Int) async throws -> STSPage { throw Broken() }
    func refreshPolicy(of domain: DomainName) async -> STSRefreshView {
        STSRefreshView(domain: domain.text, fetched: false, error: nil)
    }
    func reports(_ query: ReportQuery) async throws -> ReportStatusView { throw Broken() }
    func reportPreview(_ query: ReportQuery) async throws -> ReportPreviewPage { throw Broken() }
    func sendReports(_ query: ReportQuery) async throws -> ReportSendView { throw Broken() }

    /// Runs `body` with a socket on which this daemon answers.
    func serve(_ body: (String) async throws -> Void) async throws {
        let path = "/tmp/ctl-\(UUID().uuidString.prefix(8)).sock"
        let loop = try Loop(name: "control")
        try loop.start()
        defer { loop.shutdown() }
        let log = Logger(label: "t", factory: { _ in SwiftLogNoOpLogHandler() })
        let server = try ControlServer(on: loop, path: path, source: self, log: log)
        let running = loop.task { await server.run() }
        defer { server.close() }
        try await body(path)
        running.cancel()
        await running.value
    }
}

/// The tests run without a terminal: nobody can be asked.
@Suite("Orders on the command line", .serialized, .timeLimit(.minutes(10)))
struct QueueOrderTests {
    static let id = "0123456789bcdfghjklm"

    /// Standard input from nowhere, also where somebody runs the tests at a terminal.
    private static let nobody: Void = {
        let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
        dup2(descriptor, STDIN_FILENO)
        close(descriptor)
    }()

    init() { Self.nobody }

    @Test(
        "exit codes without a daemon",
        arguments: [
            (["queue", "retry"], 64), (["queue", "delete", "--dry-run"], 64), (["queue", "hold", "--yes"], 64),
            (["queue", "hold", "--all", "--id", id], 64), (["queue", "delete", "--all", "--older-than", "2h"], 64),
            (["queue", "hold", "--id", "short"], 64), (["queue", "hold", "--sender", "nobody"], 64),
            (["queue", "hold", "--recipient", "<>"], 64), (["queue", "hold", "--destination", "a..b"], 64),
            (["queue", "hold", "--destination", "[a..b]"], 64), (["queue", "hold", "--older-than", "2"], 64),
            (["queue", "hold", "--older-than", "3651d", "--yes"], 64),
            (["queue", "hold", "--all", "--reason", "", "--yes"], 64),
            (["queue", "hold", "--all", "--reason", "a\nb", "--yes"], 64),
            (["queue", "hold", "--all", "--socket", "/nowhere"], 64),
            (["queue", "hold", "--all", "--yes", "--socket", "/nowhere"], 69),
            (["queue", "bounce", "--sender", "a@d.example", "--socket", "/nowhere"], 64),
            (["queue", "bounce", "--sender", "a@d.example", "--dry-run", "--socket", "/nowhere"], 69),
            (["queue", "release", "--older-than", "3650d", "--socket", "/nowhere"], 69),
            (["queue", "retry", "--sender", "", "--socket", "/nowhere"], 69),
            (["queue", "--state", "gone"], 64), (["queue", "list", "--sender", "nobody"], 64),
            (["queue", "show", "short"], 64), (["queue", "hold", "extra", "--all"], 64),
            (["queue", "holds", "add"], 64), (["queue", "holds", "add", "--reason", "r"], 64),
            (["queue", "holds", "remove"], 64), (["queue", "holds", "remove", "0"], 64),
            (["queue", "holds", "remove", "x"], 64), (["queue", "holds", "--socket", "/nowhere"], 69),
            (["destinations", "--limit", "0"], 64), (["destinations", "--limit", "1001"], 64),
            (["destinations", "--limit", "1000", "--socket", "/nowhere"], 69),
            (["destinations", "suspend"], 64), (["destinations", "suspend", "a..b"], 64),
            (["destinations", "suspend", "d.example", "--for", "soon"], 64),
            (["destinations", "suspend", "d.example", "--for", "366d"], 64),
            (["destinations", "suspend", "d.example", "--for", "365d", "--socket", "/nowhere"], 69),
            (["destinations", "suspend", "bücher.example", "--socket", "/nowhere"], 69),
            (["destinations", "resume", "via:a..b"], 64), (["destinations", "resume"], 64),
            (["top", "--interval", "0s"], 64), (["top", "--interval", "61m"], 64), (["top", "--sort", "size"], 64),
            (["top", "--once", "--interval", "1h", "--socket", "/nowhere"], 69), (["top", "--limit", "1001"], 64),
            (["reload", "--socket", "/nowhere"], 69), (["reload", "now"], 64),
        ] as [([String], Int32)])
    func exitCodes(arguments: [String], code: Int32) async {
        #expect(await Relayctl.run(arguments).code == code, "\(arguments)")
    }

    @Test("each help has an example")
    func help() {
        let commands: [any ParsableCommand.Type] = [
            QueueCommand.self, QueueListCommand.self, QueueShowCommand.self, QueueRetryCommand.self,
            QueueHoldCommand.self, QueueReleaseCommand.self, QueueBounceCommand.self, QueueDeleteCommand.self,
            HoldsCommand.self, HoldsListCommand.self, HoldsAddCommand.self, HoldsRemoveCommand.self,
            DestinationsCommand.self, DestinationsListCommand.self, SuspendCommand.self, ResumeCommand.self,
            TopCommand.self, ReloadCommand.self,
        ]
        for command in commands {
            let text = Relayctl.helpMessage(for: command)
            #expect(text.contains("Example") && text.contains("relayctl "), "\(text)")
        }
    }

    @Test("without a selector the way out is named")
    func hint() async throws {
        let error = #expect(throws: (any Error).self) { try Relayctl.parseAsRoot(["queue", "delete"]) }
        let text = error.map { Relayctl.fullMessage(for: $0) } ?? ""
        for word in ["--id", "--destination", "--older-than", "--all", "--dry-run", "Usage: relayctl queue delete"] {
            #expect(text.contains(word), "\(text)")
        }
    }

    @Test("an order by state alone is told what to add", arguments: ["retry", "hold", "release", "bounce", "delete"])
    func stateAlone(verb: String) {
        for arguments in [["--state", "held"], ["--state", "held", "--id", Self.id]] {
            let error = #expect(throws: (any Error).self) { try Relayctl.parseAsRoot(["queue", verb] + arguments) }
            let text = error.map { Relayctl.fullMessage(for: $0) } ?? ""
            for word in ["takes no --state", "--sender", "--all", "relayctl queue list --state"] {
                #expect(text.contains(word), "\(text)")
            }
        }
    }

    @Test(
        "what is ordered, page by page, and how it ends",
        arguments: [
            (["queue", "retry", "--destination", "D.example"], 5, 0, ["retry --destination d.example"], 3),
            (["queue", "hold", "--id", id, "--reason", "why"], 2, 0, ["hold --id \(id): why"], 1),
            (["queue", "release", "--sender", "<>"], 0, 1, ["release --sender '<>'"], 1),
            (["queue", "hold", "--all", "--yes"], 3, 0, ["hold --all"], 2),
            (["queue", "delete", "--all", "--dry-run"], 3, 0, ["delete --all dry"], 2),
            (["queue", "delete", "--all", "--dry-run", "--json"], 3, 0, ["delete --all dry"], 2),
            (["queue", "bounce", "--recipient", "@d.example", "--yes"], 1, 0, ["bounce --recipient @d.example"], 1),
            (["queue", "bounce", "--older-than", "2h"], 9, 64, [], 0),
            (["queue", "hold", "--all"], 9, 64, [], 0),
        ] as [([String], Int, Int32, [String], Int)])
    func orders(arguments: [String], count: Int, code: Int32, orders: [String], pages: Int) async throws {
        let daemon = ScriptedDaemon(count: count)
        try await daemon.serve { path in
            #expect(await Relayctl.run(arguments + ["--socket", path]).code == code)
        }
        #expect(daemon.log == orders.flatMap { Array(repeating: $0, count: pages) })
    }

    @Test("more ids than fit in a request are asked for in portions")
    func portions() async throws {
        let ids = (0..<101).flatMap { _ in ["--id", Self.id] }
        let daemon = ScriptedDaemon(count: 1)
        try await daemon.serve { path in
            #expect(await Relayctl.run(["queue", "retry", "--socket", path] + ids).code == 0)
            #expect(await Relayctl.run(["queue", "list", "--socket", path] + ids).code == 64)
        }
        #expect(daemon.log == ["retry 100 ids", "retry --id \(Self.id)"])
    }

    @Test("a failure in the middle says how far it got")
    func halfway() async throws {
        let daemon = ScriptedDaemon(count: 5, breaksAt: 4)
        try await daemon.serve { path in
            let walk = OrderWalk(
                client: DaemonClient(socket: path), verb: .hold, selectors: QueueSelectors(all: true), reason: nil)
            let failure = await #expect(throws: Failure.self) { try await walk.walk(isDryRun: false) }
            #expect(failure?.status == .unexpected)
            #expect(failure?.message.hasSuffix("Before that 4 recipients were held.") == true)
        }
    }

    @Test("Ctrl-C ends it behind the page, and the sum says that it is not whole")
    func interruption() async throws {
        let daemon = ScriptedDaemon(count: 1000, interruptsAt: 4)
        try await daemon.serve { path in
            let walk = OrderWalk(
                client: DaemonClient(socket: path), verb: .hold, selectors: QueueSelectors(all: true), reason: nil)
            // The second time as the first.
            for _ in 0..<2 {
                let sum = try await walk.walk(isDryRun: false)
                // It comes to whichever thread takes it, perhaps a page later.
                #expect(!sum.isComplete && (6..<1000).contains(sum.touched))
            }
            #expect(
                await Relayctl.run(["queue", "hold", "--all", "--yes", "--socket", path]) == .interrupted)
        }
    }

    @Test("the command that does it, to be pasted")
    func command() throws {
        let options = try OrderOptions.parse([
            "--sender", "<>", "--older-than", "2h", "--reason", "it's over", "--dry-run", "--socket", "/a b",
        ])
        let walk = OrderWalk(
            client: DaemonClient(socket: "/a b"), verb: .bounce, selectors: try options.selectors(),
            reason: options.reason)
        #expect(
            walk.command(options.options)
                == "relayctl queue bounce --sender '<>' --older-than 7200s --reason 'it'\\''s over' --socket '/a b'")
    }

    @Test("hold rules take what is there along, unless told not to, and release it only when told to")
    func holds() async throws {
        let daemon = ScriptedDaemon(count: 1)
        try await daemon.serve { path in
            for arguments in [
                ["add", "--sender", "@d.example"], ["add", "--sender", "<>", "--new-only"], ["remove", "3"],
                ["remove", "3", "--release", "--json"],
            ] {
                #expect(await Relayctl.run(["queue", "holds"] + arguments + ["--socket", path]).code == 0)
            }
            #expect(await Relayctl.run(["queue", "holds", "remove", "9", "--socket", path]).code == 1)
            #expect(await Relayctl.run(["queue", "holds", "--socket", path]).code == 0)
        }
        #expect(
            daemon.log == [
                "add --sender @d.example", "hold --sender @d.example", "add --sender '<>'", "remove 3",
                "remove 3", "release --sender @d.example",
            ])
    }

    @Test("a rule whose conditions cannot be read releases nothing")
    func unreadableRule() throws {
        let good = HoldRuleView(number: 1, sender: "<>", destination: "via:mx.example", reason: "", since: 1)
        #expect(try HoldsRemoveCommand.selectors(of: good).words.count == 4)
        for rule in [
            HoldRuleView(number: 1, reason: "", since: 1),
            HoldRuleView(number: 1, sender: "@d.example", recipient: "?", reason: "", since: 1),
        ] {
            #expect(throws: Failure.self) { try HoldsRemoveCommand.selectors(of: rule) }
        }
    }

    @Test("lists, destinations, the snapshot and the reload end as they should")
    func others() async throws {
        let daemon = ScriptedDaemon()
        try await daemon.serve { path in
            for (arguments, code) in [
                (["queue", "--state", "held", "--state", "deferred", "--recipient", "a@d.example"], 1),
                (["queue", "show", Self.id], 1),
                (["destinations"], 0), (["destinations", "--json"], 0), (["destinations", "--suspended"], 1),
                (["destinations", "suspend", "bücher.example", "--for", "2h", "--reason", " why "], 0),
                (["destinations", "suspend", "[192.0.2.1]:26", "--json"], 0),
                (["destinations", "resume", "d.example"], 0), (["destinations", "resume", "e.example"], 1),
                (["top"], 0), (["top", "--once", "--sort", "rate"], 0), (["top", "--json"], 0), (["reload"], 0),
                (["reload", "--json"], 0),
            ] as [([String], Int32)] {
                #expect(await Relayctl.run(arguments + ["--socket", path]).code == code, "\(arguments)")
            }
        }
        #expect(
            daemon.log == [
                "list --recipient a@d.example [\"deferred\", \"held\"]", "suspend xn--bcher-kva.example 7200 why",
                "suspend [192.0.2.1]:26 - -", "reload", "reload",
            ])
        try await ScriptedDaemon(breaksAt: 0).serve { path in
            #expect(await Relayctl.run(["reload", "--socket", path]).code == 78)
            #expect(await Relayctl.run(["reload", "--json", "--socket", path]).code == 78)
        }
    }

    @Test(
        "yes, and no other word", arguments: [("yes", true), (" YES ", true), ("y", false), ("", false), ("no", false)])
    func consent(answer: String, isYes: Bool) {
        #expect(Consent.isYes(answer) == isYes)
    }

    @Test("keys of the live view, and looks that fail")
    func keys() async throws {
        let snapshot = TopSnapshot(status: await ScriptedDaemon().status(), destinations: [])
        let start = ContinuousClock.now
        var state = TopState(snapshot, order: .due, at: start)
        for (key, order) in [("o", TopOrder.oldest), ("r", .rate), ("x", .rate), ("d", .due)] {
            let goesOn = state.press(Array(key.utf8)[0])
            #expect(goesOn && state.order == order)
        }
        for key in [UInt8(ascii: "q"), 3, 4] {
            let goesOn = state.press(key)
            #expect(!goesOn)
        }
        state.fail(Failure(.unavailable, "no answer"))
        #expect(state.notice == "no answer" && state.rates == nil)
        var newer = snapshot
        newer.status.delivery.deliveredTotal = 10
        state.see(newer, at: start + .seconds(2))
        #expect(state.notice == nil && state.rates?.delivered == 5)
    }

    @Test("a picture is drawn over the one before")
    func picture() {
        #expect(Screen.picture(["a", "b"]) == "\u{1B}[Ha\u{1B}[K\r\nb\u{1B}[K\u{1B}[J")
    }
}
