import Mail
import Testing

@testable import Relay

@Suite("Orders, in words")
struct QueueOrderTextTests {
    let plain = TextStyle(width: 100, isColoured: false)
    let now = WallTime(seconds: 1_000_000)

    static func sum(
        _ verb: QueueVerb, isDryRun: Bool, touched: Int = 0, skipped: Int = 0, busy: Int = 0,
        _ counts: [(String, Int)] = [], examples: Int = 0
    ) -> QueueOrderSum {
        var sum = QueueOrderSum(verb, isDryRun: isDryRun)
        let example = QueueOrderExample(
            id: OneMessage.id, sender: "", recipient: "b@example.net\u{1B}[2J", destination: "example.net",
            state: "deferred")
        sum.add(
            QueueOrderPage(
                touched: touched, skipped: skipped, busy: busy,
                examples: Array(repeating: example, count: examples),
                byDestination: counts.map { DestinationCount(destination: $0.0, recipients: $0.1) }))
        return sum
    }

    @Test("a dry run shows what, where, how much, and how to do it; strangers' words stay words")
    func dryRun() {
        let sum = Self.sum(
            .bounce, isDryRun: true, touched: 12_400, skipped: 1, busy: 2,
            [("example.com", 400), ("example.net", 11_000)], examples: 1)
        #expect(
            QueueOrderText.dryRun(sum, command: "relayctl queue bounce --all", style: plain) == """
                ID                    SENDER  RECIPIENT               DESTINATION  STATE
                0123456789bcdfghjklm  <>      b@example.net\\u{1b}[2J  example.net  deferred

                RECIPIENTS  DESTINATION
                    11,000  example.net
                       400  example.com
                     1,000  (others)

                12,400 recipients would be bounced. For 1 there is nothing to do: not in a state that allows it. 2
                are being delivered right now and would be left alone.
                Nothing was changed. To do it: relayctl queue bounce --all

                """)
    }

    @Test("the first twenty of all pages, and no more")
    func examples() {
        var sum = Self.sum(.hold, isDryRun: true, touched: 15, examples: 15)
        sum.add(
            QueueOrderPage(
                touched: 10,
                examples: Array(
                    repeating: QueueOrderExample(
                        id: "x", sender: "a@b.example", recipient: "r", destination: "d", state: "s"), count: 10)))
        #expect(sum.touched == 25 && sum.examples.count == QueueOrderPage.exampleLimit)
        #expect(sum.examples.last?.id == "x")
        let lines = QueueOrderText.dryRun(sum, command: "c", style: plain).split(separator: "\n")
        #expect(lines.count { $0.hasPrefix(OneMessage.id) || $0.hasPrefix("x ") } == 20)
    }

    @Test(
        "what was done, in a sentence",
        arguments: [
            (QueueVerb.hold, 1, 0, 0, true, "1 recipient was held.\n"),
            (.retry, 2, 0, 0, true, "2 recipients were made due now.\n"),
            (
                .release, 3, 2, 1, true,
                "3 recipients were released. For 2 there is nothing to do: not held. 1 is being delivered right now\nand "
                    + "was left alone: ask again in a moment.\n"
            ),
            (.delete, 0, 0, 0, true, "No mail in the queue matches. relayctl queue list shows what there is.\n"),
            (.hold, 0, 4, 0, true, "Nothing was held. For 4 there is nothing to do: held already.\n"),
            (
                .delete, 5, 0, 0, false,
                "5 recipients were deleted. Stopped before the end of the queue: the rest was not looked at.\n"
            ),
        ] as [(QueueVerb, Int, Int, Int, Bool, String)])
    func done(verb: QueueVerb, touched: Int, skipped: Int, busy: Int, isComplete: Bool, text: String) {
        var sum = Self.sum(verb, isDryRun: false, touched: touched, skipped: skipped, busy: busy)
        sum.isComplete = isComplete
        #expect(QueueOrderText.done(sum, style: plain) == text)
    }

    @Test("a retry of what cannot go says what lets it out")
    func notGoing() {
        var sum = QueueOrderSum(.retry, isDryRun: false)
        sum.add(
            QueueOrderPage(
                touched: 2, skipped: 3, skippedQuarantined: 1, skippedHeld: 1,
                suspended: [SuspendedCount(destination: "[192.0.2.1]", recipients: 2, until: 1_800_000_000)]))
        let wide = TextStyle(width: 1000, isColoured: false)
        #expect(
            QueueOrderText.done(sum, style: wide) == """
                2 recipients were made due now. For 3 there is nothing to do: 1 due already; 1 held: relayctl queue release \
                lets them go; 1 quarantined, for what is damaged is not sent: nothing lets it go, relayctl queue bounce \
                returns it and relayctl queue delete drops it.
                2 recipients of these wait for [192.0.2.1], which is suspended until 2027-01-15T08:00:00Z: nothing is tried before.
                To end it: relayctl destinations resume '[192.0.2.1]'

                """)
        var damaged = QueueOrderSum(.retry, isDryRun: false)
        damaged.add(QueueOrderPage(skipped: 1, skippedQuarantined: 1))
        #expect(
            QueueOrderText.done(damaged, style: wide).hasPrefix(
                "Nothing was made due now. For 1 there is nothing to do: quarantined, for what is damaged is not sent:")
        )
    }

    @Test("the question says what is lost")
    func question() {
        let sum = Self.sum(.delete, isDryRun: true, touched: 7, examples: 7)
        #expect(
            QueueOrderText.question(sum)
                == "This deletes 7 recipients. Nobody is told, and they cannot be had back. Type yes to do it: ")
        let lines = QueueOrderText.preview(sum, style: plain).split(separator: "\n")
        #expect(lines.count == 1 + 5 + 1 + 1 && lines[6] == "…" && lines[7] == "7 recipients would be deleted.")
    }

    @Test("progress counts what was looked at, and an estimate that was too small is dropped")
    func progress() {
        let sum = Self.sum(.hold, isDryRun: false, touched: 12_000, skipped: 400)
        #expect(QueueOrderText.progress(sum, of: 1_000_000) == "12,400 of about 1,000,000 recipients…")
        #expect(QueueOrderText.progress(sum, of: 12_399) == "12,400 recipients so far…")
        #expect(QueueOrderText.progress(sum, of: nil) == "12,400 recipients so far…")
        #expect(QueueOrderText.before(sum) == "Before that 12,000 recipients were held")
        #expect(QueueOrderText.before(Self.sum(.hold, isDryRun: true, touched: 1)) == nil)
        #expect(QueueOrderText.before(Self.sum(.hold, isDryRun: false, busy: 1)) == nil)
    }

    @Test("counts of a daemon that lies end nothing")
    func overflow() {
        var sum = Self.sum(.hold, isDryRun: true, touched: .max, skipped: 5, [("a", .max)])
        sum.add(QueueOrderPage(touched: .max, byDestination: [DestinationCount(destination: "a", recipients: .max)]))
        _ = QueueOrderText.dryRun(sum, command: "c", style: plain)
        _ = QueueOrderText.progress(sum, of: .max)
    }

    @Test("destinations: state with what is left of it, numbers to the right, the reason that counts")
    func destinations() {
        let list = [
            DestinationView(
                name: "example.net", due: 12_400, deferred: 30, held: 0, active: 5, oldest: 992_800,
                tls: "authenticated",
                lastReason: ReasonView(cause: "starttls-missing", detail: "no STARTTLS")),
            DestinationView(
                name: "slow.example", deferred: 2, oldest: 990_000, state: "suspended", until: 1_003_600,
                since: 999_940,
                reason: "their\nmaintenance"),
        ]
        #expect(
            DestinationText.list(list, suspendedOnly: false, isComplete: false, now: now, style: plain)
                == """
                NAME          STATE                  DUE  DEFERRED  HELD  ACTIVE  OLDEST  TLS            LAST REASON
                example.net   ready               12,400        30     0       5  2h      authenticated  starttls-missing: no STARTTLS
                slow.example  suspended, 1h left       0         2     0       0  2h46m   -              their\\nmaintenance (since 60s)
                2 destinations, and there may be more (--limit)

                """)
        #expect(
            DestinationText.list([], suspendedOnly: false, isComplete: true, now: now, style: plain)
                == "The queue is empty: no destination has mail.\n")
        #expect(
            DestinationText.list([], suspendedOnly: true, isComplete: true, now: now, style: plain)
                == "No destination is suspended.\n")
    }

    @Test("suspended and resumed")
    func suspension() {
        let view = SuspensionView(
            destination: "[192.0.2.1]", since: 1_000_000, until: 1_007_200, reason: "why", waiting: 1200)
        #expect(
            DestinationText.suspended(view, now: now, style: plain) == """
                [192.0.2.1] is suspended for another 2h: why. 1,200 recipients wait. Mail for it is accepted and
                kept, and does not expire meanwhile.
                To end it: relayctl destinations resume '[192.0.2.1]'

                """)
        #expect(
            DestinationText.resumed(ResumptionView(destination: "d.example", resumed: true), style: plain)
                == "d.example is resumed: what waits for it is tried from now on.\n")
        #expect(
            DestinationText.resumed(ResumptionView(destination: "d.example", resumed: false), style: plain)
                .hasPrefix("d.example was not suspended."))
    }

    @Test("hold rules")
    func holds() {
        let rule = HoldRuleView(number: 3, sender: "<>", destination: "d.example", reason: "why", since: 999_940)
        #expect(
            HoldText.list([rule], now: now, style: plain) == """
                NUMBER  SENDER  RECIPIENT  DESTINATION  SINCE    REASON
                     3  <>      any        d.example    60s ago  why

                """)
        #expect(
            HoldText.added(rule, style: plain)
                == "Hold rule 3: new mail from <> by way of d.example is accepted and held, until relayctl queue holds\n"
                + "remove 3.\n")
        #expect(HoldText.list([], now: now, style: plain).hasPrefix("There is no hold rule."))
        #expect(HoldText.removed(rule, released: false, style: plain).contains("stays held"))
        #expect(!HoldText.removed(rule, released: true, style: plain).contains("stays held"))
    }

    @Test("a reload says what changed, what waits for a restart, and each fault as relayd prints it")
    func reload() {
        let applied = ReloadView(applied: true, changed: ["retry.minimum"], restartNeeded: ["store.directory"])
        #expect(
            ReloadText.applied(applied, style: plain) == """
                The configuration is applied. Changed:
                  retry.minimum
                These hold from the next start of relayd on:
                  store.directory

                """)
        #expect(ReloadText.applied(ReloadView(applied: true), style: plain).contains("nothing in it has changed"))
        let fault = ConfigurationFault(
            file: "relayd.toml", place: TextPlace(line: 12, column: 5), key: "intake.lisen",
            problem: "there is no such key", cure: "Did you mean `listen`?")
        let view = ReloadView(applied: false, faults: [FaultView(fault)])
        #expect(
            ReloadText.refused(view) == "nothing was applied, and relayd goes on as before:\n\(fault.description)")
    }

    @Test(
        "what keeps a recipient",
        arguments: [
            (
                "held", WaitingView(state: "held", since: 992_800, reason: "looks like a break-in"),
                "held: looks like a break-in", "when released",
                "held since 2h: looks like a break-in (relayctl queue release lets it go)"
            ),
            (
                "deferred", WaitingView(state: "suspended", since: 992_800, until: 1_007_200, reason: "why"),
                "deferred, destination suspended: why", "in 2h",
                "its destination is suspended since 2h, for another 2h: why"
            ),
            (
                "queued", WaitingView(state: "suspended"), "queued, destination suspended: starttls-missing",
                "when resumed", "its destination is suspended (until relayctl destinations resume)"
            ),
            (
                "deferred", WaitingView(state: "down", until: 1_000_060),
                "deferred, destination down: starttls-missing",
                "in 4m", "the hosts of its destination are down, for another 60s"
            ),
            (
                "deferred",
                WaitingView(state: "down", reason: "connect to mx.example.net: ECONNREFUSED", cause: "connect-failed"),
                "deferred, destination down: connect-failed",
                "in 4m", "the hosts of its destination are down: connect to mx.example.net: ECONNREFUSED"
            ),
            (
                "queued", WaitingView(state: "resting", until: 1_000_060, reason: "a"), "queued, resting: a", "in 4m",
                "resting after a crash of relayd, for another 60s: a (relayctl queue retry ends it)"
            ),
        ])
    func waiting(state: String, waiting: WaitingView, inList: String, next: String, shown: String) {
        var message = OneMessage.message
        message.recipients[0].state = state
        message.recipients[0].waiting = waiting
        let list = QueueText.list([message], isComplete: true, now: now, style: plain)
        #expect(list.split(separator: "\n")[1].hasSuffix("  \(inList)  \(next)"), "\(list)")
        let text = QueueText.message(message, now: now, style: plain)
        #expect(text.contains("\n  waits     \(shown)\n"), "\(text)")
    }

    @Test("colours on a terminal stand around the word, and move no column")
    func colours() {
        var held = OneMessage.message
        held.recipients[0].state = "held"
        let style = TextStyle(width: 100, isColoured: true)
        let coloured = QueueText.list([held], isComplete: true, now: now, style: style)
        #expect(coloured.contains("\u{1B}[33mheld: starttls-missing\u{1B}[0m"))
        let bare = ["\u{1B}[33m", "\u{1B}[2m", "\u{1B}[0m"].reduce(coloured) { $0.replacing($1, with: "") }
        #expect(bare == QueueText.list([held], isComplete: true, now: now, style: plain))
    }

    @Test(
        "spans of time that are typed",
        arguments: [
            ("2h", 7200), ("90m", 5400), ("3d", 259_200), ("1d12h", 129_600), ("1s", 1), ("0", nil), ("0s", nil),
            ("500ms", nil), ("1s500ms", nil), ("2", nil), ("-2h", nil), ("2 h", nil), ("", nil),
            ("99999999999999d", nil),
        ] as [(String, Int64?)])
    func spans(text: String, seconds: Int64?) {
        #expect(SpanText.seconds(text) == seconds)
    }

    @Test(
        "words for a shell",
        arguments: [
            ("example.org", "example.org"), ("", "''"), ("<>", "'<>'"), ("it's", "'it'\\''s'"), ("a b", "'a b'"),
            ("$(x)", "'$(x)'"), ("@d.example", "@d.example"), ("[192.0.2.1]", "'[192.0.2.1]'"), ("ü", "'ü'"),
        ])
    func shell(text: String, quoted: String) {
        #expect(ShellWord.quoted(text) == quoted)
    }

    @Test(
        "numbers of many digits",
        arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567"), (100_000, "100,000")])
    func numbers(value: Int, text: String) {
        #expect(Humane.number(value) == text)
    }

    @Test("a reason is one line of harmless words, at the limit and one past")
    func reasons() {
        #expect(ControlReason.read("  why not  ") == "why not")
        for text in ["", " ", "a\nb", "a\u{1B}b", "a\u{202E}b"] { #expect(ControlReason.read(text) == nil) }
        let long = String(repeating: "x", count: ControlLimits.reason)
        #expect(ControlReason.read(" \(long) ") == long)
        #expect(ControlReason.read(long + "x") == nil)
    }
}
