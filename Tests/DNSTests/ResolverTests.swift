import Glibc
import Mail
import Net
import Testing

@testable import DNS

/// A loop of a test's own and the worker of the fixture, real or with a fault.
final class ResolverRig {
    let loop: Loop

    init() throws {
        loop = try Loop(name: "resolver-test")
        try loop.start()
    }

    deinit { loop.shutdown() }

    /// The fixture lies beside the test program.
    static let program: String = {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let own = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            + "/resolver-worker-fixture"
    }()

    func start(
        _ arguments: [String] = [], settings: ResolverSettings = ResolverSettings(trustAnchorFile: "")
    ) async throws -> Resolver {
        try await Resolver.start(program: Self.program, arguments: arguments, settings: settings, on: loop)
    }

    /// Runs `body` with a resolver, and sees that nothing of it is left on the loop.
    func with<Value: Sendable>(
        _ arguments: [String] = [], settings: ResolverSettings = ResolverSettings(trustAnchorFile: ""),
        _ body: (Resolver) async throws -> Value
    ) async throws -> Value {
        let resolver = try await start(arguments, settings: settings)
        let value: Value
        do {
            value = try await body(resolver)
        } catch {
            await resolver.close()
            throw error
        }
        await resolver.close()
        #expect(resolver.state == .closed)
        #expect(resolver.openLookups == 0)
        #expect(loop.openStreams == 0)
        return value
    }

    /// Looks at the state until it is as wanted or two minutes are over, and gives the last one seen. Begun at once, and all on
    /// the loop that changes the state, so that one which lasts 100 ms is seen however long the pool is busy.
    func watch(
        _ resolver: Resolver, until isWanted: @escaping @Sendable (ResolverState) -> Bool
    ) -> Task<ResolverState, Never> {
        loop.task { [loop] in
            let end = Deadline.after(.seconds(120))
            while !isWanted(resolver.state), !end.hasPassed {
                guard (try? await loop.sleep(until: .after(.milliseconds(5)))) != nil else { break }
            }
            return resolver.state
        }
    }
}

func ask(_ name: String, _ type: RecordType = .a) throws -> Question { Question(try DomainName(name), type) }

extension Answer {
    var reason: String? { if case .failed(let reason) = result { reason } else { nil } }
}

@Suite("The resolver with a worker that does it wrong")
struct FaultyWorkerTests {
    @Test("SEC-05 A worker that dies fails what is in flight, and the next one serves")
    func dies() async throws {
        let mark = "/tmp/resolver-test-\(getpid())-\(UInt32.random(in: 0...(.max)))"
        defer { unlink(mark) }
        let rig = try ResolverRig()
        try await rig.with(["dies-once", mark]) { resolver in
            let first = await resolver.resolve(try ask("a.example"))
            #expect(first.security == .failed)
            #expect(first.reason == "the resolver process died: signal 9")
            let second = await resolver.resolve(try ask("a.example"))
            #expect(second.result == .records([[127, 0, 0, 1]]))
            #expect(resolver.counters.workerDeaths == 1)
            guard case .running = resolver.state else {
                Issue.record("it should run again: \(resolver.state)")
                return
            }
        }
    }

    static let faults: [(String, String)] = [
        ("dies-when-asked", "signal 9"),
        ("garbage-when-asked", "it broke the protocol: frameTooLong(4294967295)"),
    ]

    @Test("SEC-05 A worker that breaks off or breaks the protocol is replaced", arguments: faults)
    func faulty(_ mode: String, _ reason: String) async throws {
        let rig = try ResolverRig()
        try await rig.with([mode]) { resolver in
            let answer = await resolver.resolve(try ask("a.example"))
            #expect(answer.reason == "the resolver process died: \(reason)")
            #expect(answer.security == .failed)
        }
    }

    @Test("CVE-2019-16791 Answers that are swapped are nobody's: the worker is replaced")
    func swaps() async throws {
        let rig = try ResolverRig()
        try await rig.with(["swaps"]) { resolver in
            async let first = resolver.resolve(try ask("a.example"))
            async let second = resolver.resolve(try ask("b.example"))
            for answer in [try await first, try await second] {
                #expect(answer.reason == "the resolver process died: it broke the protocol: wrongQuestion")
            }
        }
    }

    @Test("A worker that never starts is a fault of configuration, with its reason")
    func starts() async throws {
        let rig = try ResolverRig()
        let table: [(String, ResolverError)] = [
            ("dies-at-start", .workerDied("exit status 3")),
            ("refuses", .settingsRefused("bad hint")),
            ("garbage-at-start", .workerDied("it broke the protocol: frameTooLong(1213486160)")),
            ("answers-unasked", .workerDied("it answered before it was asked")),
        ]
        for (mode, error) in table {
            await #expect(throws: error) { _ = try await rig.start([mode]) }
        }
        await #expect(throws: ResolverError.self) {
            _ = try await Resolver.start(
                program: "/nonexistent", arguments: [], settings: ResolverSettings(), on: rig.loop)
        }
        #expect(rig.loop.openStreams == 0)
    }

    @Test("Answers may come an octet at a time")
    func octets() async throws {
        let rig = try ResolverRig()
        try await rig.with(["one-octet-at-a-time"]) { resolver in
            for number in 0..<20 {
                let answer = await resolver.resolve(try ask("n\(number).example"))
                #expect(answer.result == .records([[127, 0, 0, 1]]))
                #expect(answer.security == .insecure)
            }
        }
    }

    @Test("SEC-05 A lookup without answer fails at its deadline")
    func deadline() async throws {
        let rig = try ResolverRig()
        let settings = ResolverSettings(trustAnchorFile: "", lookupTimeout: .milliseconds(50))
        try await rig.with(["answers-none-but-probes"], settings: settings) { resolver in
            let answer = await resolver.resolve(try ask("a.example"))
            #expect(answer.reason == "no answer within 0.05 s")
            #expect(resolver.counters.timedOut == 1)
            guard case .running = resolver.state else {
                Issue.record("the worker is not at fault: \(resolver.state)")
                return
            }
        }
    }

    @Test("SEC-05 A worker that leaves a lookup and then a probe unanswered hangs, and is replaced")
    func hangs() async throws {
        let rig = try ResolverRig()
        let settings = ResolverSettings(trustAnchorFile: "", lookupTimeout: .milliseconds(50))
        try await rig.with(["reads-nothing"], settings: settings) { resolver in
            let question = try ask("a.example")
            // From before the question on: this task may be kept waiting longer than all the rest takes.
            let watch = rig.watch(resolver) { if case .restarting = $0 { true } else { false } }
            #expect(await resolver.resolve(question).reason == "no answer within 0.05 s")
            let state = await watch.value
            #expect(state == .restarting(reason: "it hangs", attempts: 1))
            #expect(resolver.counters.workerDeaths == 1)
        }
    }

    @Test("1,000 lookups of distinct names at once: each gets its own answer, equal ones share a lookup")
    func many() async throws {
        let rig = try ResolverRig()
        try await rig.with(["echoes"]) { resolver in
            let names = try (0..<1_000).map { try ask("n\($0).example") }
            let answers = await withTaskGroup(of: Answer.self) { group in
                for name in names + names { group.addTask { await resolver.resolve(name) } }
                return await group.reduce(into: [Answer]()) { $0.append($1) }
            }
            #expect(answers.count == 2_000)
            #expect(answers.allSatisfy { $0.result == .records([[127, 0, 0, 1]]) })
            #expect(Set(answers.map(\.question)).count == 1_000)
            let counters = resolver.counters
            #expect(counters.questions == 2_000)
            #expect(counters.lookups + counters.coalesced == 2_000, "TTL 0 is not cached")
        }
    }

    @Test("Closing fails what is in flight, and everything after it")
    func closes() async throws {
        let rig = try ResolverRig()
        let resolver = try await rig.start(["silent"])
        async let pending = resolver.resolve(try ask("a.example"))
        while resolver.openLookups == 0 { await Task.yield() }
        await resolver.close()
        #expect(try await pending.reason == "the resolver is closed")
        #expect(await resolver.resolve(try ask("b.example")).reason == "the resolver is closed")
        await resolver.close()
    }

    @Test("A worker that dies at each start after its first is reported as such, and lookups fail at once")
    func failedAtStart() async throws {
        let folder = "/tmp/resolver-test-\(getpid())-\(UInt32.random(in: 0...(.max)))"
        #expect(symlink(ResolverRig.program, folder) == 0)
        defer { unlink(folder) }
        let rig = try ResolverRig()
        let resolver = try await Resolver.start(
            program: folder, arguments: ["dies-when-asked"], settings: ResolverSettings(trustAnchorFile: ""),
            on: rig.loop)
        unlink(folder)
        #expect(symlink("/bin/false", folder) == 0)
        _ = await resolver.resolve(try ask("a.example"))
        let state = await rig.watch(resolver) { if case .failedAtStart = $0 { true } else { false } }.value
        #expect(state == .failedAtStart(reason: "exit status 1"))
        let answer = await resolver.resolve(try ask("b.example"))
        #expect(answer.reason == "the resolver process died: exit status 1")
        await resolver.close()
    }
}

@Suite("The resolver with libunbound")
struct LocalZoneTests {
    static let zone = [
        UnboundOption("local-zone:", "local.example. static"),
        UnboundOption("local-data:", "a.local.example. 300 A 192.0.2.7"),
        UnboundOption("local-data:", "a.local.example. 300 AAAA 2001:db8::7"),
        UnboundOption("local-data:", "mx.local.example. 300 MX 10 a.local.example."),
        UnboundOption("local-data:", #"t.local.example. 300 TXT "v=STSv1; id=1;""#),
    ]
    static let settings = ResolverSettings(trustAnchorFile: "", options: zone)

    @Test("SEC-02 SEC-03 SEC-04 Local zones are insecure answers, their absence too")
    func answers() async throws {
        let rig = try ResolverRig()
        try await rig.with(settings: Self.settings) { resolver in
            let address = await resolver.resolve(try ask("A.local.example."))
            #expect(address.security == .insecure)
            #expect(address.result == .records([[192, 0, 2, 7]]))
            #expect(address.canonicalName.text == "a.local.example")
            #expect(address.timeToLive == 300)
            #expect(await resolver.resolve(try ask("a.local.example", .tlsa)).result == .noData)
            let missing = await resolver.resolve(try ask("b.local.example"))
            #expect(missing.result == .noSuchName)
            #expect(missing.security == .insecure)
            let mx = await resolver.resolve(try ask("mx.local.example", .mx))
            #expect(
                mx.result == .records([[0, 10, 1, 0x61, 5] + Array("local".utf8) + [7] + Array("example".utf8) + [0]]))
            let text = await resolver.resolve(try ask("t.local.example", .txt))
            #expect(text.result == .records([[14] + Array("v=STSv1; id=1;".utf8)]))
            guard case .running(_, let library) = resolver.state else {
                Issue.record("not running: \(resolver.state)")
                return
            }
            #expect(UnboundVersion(library) == .linked)
            // Again, from the cache.
            let before = resolver.counters
            _ = await resolver.resolve(try ask("a.local.example"))
            #expect(resolver.counters.cacheHits == before.cacheHits + 1)
            #expect(resolver.counters.lookups == before.lookups)
            resolver.clearCache()
            _ = await resolver.resolve(try ask("a.local.example"))
            #expect(resolver.counters.lookups == before.lookups + 1)
        }
    }

    @Test("SEC-03 SEC-07 Without trust anchor everything is insecure, and the self-test says so or has no network")
    func noAnchor() async throws {
        let rig = try ResolverRig()
        let settings = ResolverSettings(
            trustAnchorFile: "",
            options: Self.zone + [UnboundOption("local-data:", "local.example. 300 DNSKEY 257 3 8 AA==")])
        try await rig.with(settings: settings) { resolver in
            let status = await resolver.selfTest(secure: try DomainName("local.example"), bogus: nil)
            #expect(status == .doesNotValidate("local.example must be signed, and counts as insecure"))
        }
    }

    @Test("SEC-07 A trust anchor file that is missing or empty refuses to start, in words")
    func badAnchor() async throws {
        let rig = try ResolverRig()
        await #expect(
            throws: ResolverError.settingsRefused("trust anchor file /nonexistent: No such file or directory")
        ) {
            _ = try await rig.start(settings: ResolverSettings(trustAnchorFile: "/nonexistent"))
        }
        let words = "trust anchor file /dev/null: no DS or DNSKEY record of the root in it"
        await #expect(throws: ResolverError.settingsRefused(words)) {
            _ = try await rig.start(settings: ResolverSettings(trustAnchorFile: "/dev/null"))
        }
    }

    static let badOptions: [(UnboundOption, String)] = [
        (UnboundOption("no-such-option:", "1"), "an unknown name"),
        (UnboundOption("msg-cache-size:", "large"), "a value of the wrong kind"),
        (UnboundOption("module-config:", "nonsense"), "accepted, and fatal for the first lookup"),
        (UnboundOption("local-data:", "nonsense"), "accepted, and refused at the first lookup"),
        (UnboundOption("outgoing-interface:", "999.0.0.1"), "accepted, and no thread starts"),
        (UnboundOption("target-fetch-policy:", "x"), "accepted, and the iterator does not start"),
    ]

    @Test("--check names the raw option that is bad, among good ones", arguments: badOptions)
    func badOption(_ option: UnboundOption, _ why: String) async throws {
        let rig = try ResolverRig()
        var settings = Self.settings
        settings.options.insert(option, at: 2)
        // No servers but one that is never reached: the trial lookup must not leave this machine.
        settings.forwarders = ["127.0.0.1@1"]
        let check = await Resolver.check(settings, program: ResolverRig.program, arguments: [], on: rig.loop)
        guard case .badOption(option, let reason) = check else {
            Issue.record("\(check)")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test("--check passes good settings, and tells bad options from other faults")
    func check() async throws {
        let rig = try ResolverRig()
        var settings = Self.settings
        settings.forwarders = ["127.0.0.1@1"]
        #expect(await Resolver.check(settings, program: ResolverRig.program, arguments: [], on: rig.loop) == .good)
        settings.trustAnchorFile = "/nonexistent"
        let bad = await Resolver.check(settings, program: ResolverRig.program, arguments: [], on: rig.loop)
        #expect(bad == .badSettings("settings refused: trust anchor file /nonexistent: No such file or directory"))
        settings.trustAnchorFile = ""
        settings.forwarders = ["not an address"]
        let forwarder = await Resolver.check(settings, program: ResolverRig.program, arguments: [], on: rig.loop)
        #expect(forwarder == .badSettings("settings refused: forwarder not an address: syntax error"))
        guard case .notTried = await Resolver.check(settings, program: "/nonexistent", arguments: [], on: rig.loop)
        else {
            Issue.record("a program that is not there was tried")
            return
        }
    }

    static let statuses: [(Finding, Finding?, ValidationStatus, String)] = [
        (Finding(.records([[1]]), .secure), nil, .validates, "secure, and no second half asked"),
        (Finding(.records([[1]]), .secure), Finding(.failed("x"), .bogus), .validates, "both halves"),
        (
            Finding(.records([[1]]), .secure), Finding(.records([[1]]), .insecure),
            .doesNotValidate("b.example must be bogus, and is answered"), "the bogus name is answered"
        ),
        (Finding(.records([[1]]), .secure), .failed("SERVFAIL"), .validates, "the bogus name is out of order"),
        (
            Finding(.records([[1]]), .insecure), nil,
            .doesNotValidate("the root must be signed, and counts as insecure"), "no anchor"
        ),
        (
            Finding(.failed("expired"), .bogus), nil,
            .doesNotValidate("the root must be secure, and is bogus: expired"), "a wrong anchor, or a wrong clock"
        ),
        (.failed("SERVFAIL"), nil, .noNetwork("the root: SERVFAIL"), "no network"),
        (Finding(.noData, .secure), nil, .doesNotValidate("the root has no DNSKEY"), "no keys"),
    ]

    @Test("SEC-07 What the self-test concludes", arguments: statuses)
    func status(_ secure: Finding, _ bogus: Finding?, _ expected: ValidationStatus, _ why: String) {
        #expect(
            ValidationStatus(secureName: "the root", secure: secure, bogusName: "b.example", bogus: bogus) == expected)
    }
}
