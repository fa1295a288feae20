import Testing

@testable import Mail

/// Time and outcomes in, what is to be done out.
@Suite("Canaries") struct CanaryRunTests {
    private static let now = WallTime(seconds: 1_000_000)

    private static func canary(_ expectation: Canary.Expectation) throws -> Canary {
        Canary(
            name: "c", sender: try Mailbox(parsing: "canary@us.example".utf8),
            recipient: try Mailbox(parsing: "canary@them.example".utf8), expectation: expectation, every: 3600,
            within: 900)
    }

    private static let first = QueueID("0123456789bcdfghjklm")
    private static let other = QueueID("1123456789bcdfghjklm")

    private func id(_ id: QueueID?) throws -> QueueID { try #require(id) }

    /// Whatever is drawn is the least. Not 0: numbers without bias are drawn until one is fit, which 0 never is.
    private struct Least: RandomNumberGenerator {
        mutating func next() -> UInt64 { 1 }
    }

    /// One whose message is under way since `now`.
    private func flying(_ expectation: Canary.Expectation) throws -> CanaryRun {
        var least = Least()
        var run = CanaryRun(try Self.canary(expectation), at: Self.now, using: &least)
        #expect(run.handle(.timePassed, at: Self.now) == [.send])
        #expect(run.handle(.began(try id(Self.first)), at: Self.now) == [])
        #expect(run.next == nil)
        return run
    }

    @Test("begins at a moment left to chance, ten minutes from the start at most", arguments: [5, 600, 601, 86_400])
    func begins(every: Int64) throws {
        var canary = try Self.canary(.delivered)
        canary.every = every
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let next = try #require(CanaryRun(canary, at: Self.now, using: &generator).next).seconds - 1_000_000
            #expect((0...min(every, CanaryRun.firstWait)).contains(next))
        }
    }

    static let fates: [(Canary.Expectation, CanaryRun.Settled, CanaryResult.Verdict, String)] = [
        (.delivered, .delivered, .good, "as it should be"),
        (.delivered, .refused(Reason(.daneMismatch, "x")), .bad, "a good one refused by a policy"),
        (.delivered, .refused(Reason(.remoteReply, "x")), .bad, "a good one refused by the host"),
        (.delivered, .refused(Reason(.nullMX, "x")), .bad, "for certain no mail is taken there"),
        (.delivered, .refused(Reason(.connectFailed, "x")), .unknown, "nobody answered"),
        (.delivered, .refused(Reason(.dnsTemporary, "x")), .unknown, "DNS did not answer"),
        (.delivered, .refused(Reason(.dnsBogus, "x")), .bad, "a good one with bad signatures"),
        (.delivered, .refused(Reason(.operatorBounced, "x")), .unknown, "an order says nothing"),
        (.refused, .delivered, .bad, "a bad one delivered"),
        (.refused, .refused(Reason(.daneMismatch, "x")), .good, "DANE"),
        (.refused, .refused(Reason(.stsMXMismatch, "x")), .good, "MTA-STS"),
        (.refused, .refused(Reason(.startTLSMissing, "x")), .good, "STARTTLS stripped"),
        (.refused, .refused(Reason(.tlsaLookupFailed, "x")), .good, "TLSA suppressed"),
        (.refused, .refused(Reason(.dnsBogus, "x")), .good, "signatures that do not validate"),
        (.refused, .refused(Reason(.requireTLSUnsupported, "x")), .good, "REQUIRETLS"),
        (.refused, .refused(Reason(.connectFailed, "x")), .unknown, "nobody answered: neither good nor bad"),
        (.refused, .refused(Reason(.timedOut, "x")), .unknown, "nobody answered in time"),
        (.refused, .refused(Reason(.dnsTemporary, "x")), .unknown, "DNS did not answer"),
        (.refused, .refused(Reason(.noSuchDomain, "x")), .unknown, "no policy kept it back"),
        (.refused, .refused(Reason(.remoteReply, "x")), .unknown, "no policy kept it back, the host did"),
        (.refused, .refused(Reason(.shutdown, "x")), .unknown, "we stopped"),
    ]

    @Test("each end is good, bad, or tells nothing", arguments: fates.indices)
    func ends(index: Int) throws {
        let (expectation, settled, verdict, why) = Self.fates[index]
        var run = try flying(expectation)
        let then = Self.now.advanced(by: 30)
        let actions = run.handle(.settled(try id(Self.first), settled), at: then)
        let result = try #require(run.last)
        #expect(result.verdict == verdict, "\(why)")
        #expect(run.next == then.advanced(by: 3600))
        let own: AlarmKind = expectation == .delivered ? .canaryRefused : .canaryDelivered
        let opposite: AlarmKind = expectation == .delivered ? .canaryDelivered : .canaryRefused
        let expected: [CanaryRun.Action] =
            switch verdict {
            case .good: [.tell(result), .clear(own, result.words), .clear(opposite, result.words)]
            case .bad: [.tell(result), .raise(own, "\(result.words): relayctl explain \(Self.first?.text ?? "")")]
            case .unknown: [.tell(result)]
            }
        #expect(actions == expected, "\(why)")
    }

    @Test(
        "every cause has a place: none is both a refusal by policy and nothing at all", arguments: Reason.Cause.allCases
    )
    func causes(cause: Reason.Cause) {
        #expect(!(cause.isPolicyRefusal && cause.provesNothing))
        if cause.isTLSPolicy { #expect(cause.isPolicyRefusal) }
    }

    @Test("a deferral ends nothing, and counts where the queue does not end it: at the end of grace, not before")
    func grace() throws {
        var run = try flying(.refused)
        let mine = try id(Self.first)
        #expect(run.handle(.settled(mine, .deferred(Reason(.daneMismatch, "x"))), at: Self.now) == [])
        let end = Self.now.advanced(by: 900 + CanaryRun.grace)
        #expect(run.handle(.timePassed, at: end.advanced(by: -1)) == [])
        let actions = run.handle(.timePassed, at: end)
        #expect(actions.first == .withdraw(mine))
        #expect(run.last?.verdict == .good && run.last?.cause == .daneMismatch)
        #expect(run.handle(.timePassed, at: end) == [], "it rests")
    }

    @Test("nothing heard at all is not known")
    func unheard() throws {
        var run = try flying(.delivered)
        let actions = run.handle(.timePassed, at: Self.now.advanced(by: 900 + CanaryRun.grace))
        #expect(actions.count == 2 && run.last?.verdict == .unknown)
    }

    @Test("a message of a run before tells as much, and does not end the run under way")
    func before() throws {
        var run = try flying(.refused)
        let actions = run.handle(.settled(try id(Self.other), .delivered), at: Self.now)
        #expect(run.last?.verdict == .bad && actions.count == 2)
        #expect(run.next == nil)
        #expect(run.handle(.settled(try id(Self.other), .deferred(Reason(.daneMismatch, "x"))), at: Self.now) == [])
        var least = Least()
        var resting = CanaryRun(try Self.canary(.refused), at: Self.now, using: &least)
        #expect(resting.handle(.settled(try id(Self.other), .delivered), at: Self.now).count == 2)
        #expect(resting.next == Self.now, "it is sent when it would have been")
    }

    @Test("what could not be sent is not known, and is sent again at the next time")
    func notSent() throws {
        var run = try flying(.delivered)
        #expect(run.handle(.notSent("the disk is full"), at: Self.now).count == 1)
        #expect(run.last?.verdict == .unknown && run.last?.words.contains("the disk is full") == true)
        #expect(run.next == Self.now.advanced(by: 3600))
        #expect(run.handle(.timePassed, at: Self.now.advanced(by: 3599)) == [])
        #expect(run.handle(.timePassed, at: Self.now.advanced(by: 3600)) == [.send])
    }

    @Test("a clock that went back does not put it off for longer than its interval")
    func clock() throws {
        var run = try flying(.delivered)
        _ = run.handle(.settled(try id(Self.first), .delivered), at: Self.now)
        let past = WallTime(seconds: 1_000)
        #expect(run.handle(.timePassed, at: past) == [])
        #expect(run.next == past.advanced(by: 3600))
        var other = try flying(.delivered)
        #expect(other.handle(.timePassed, at: past).first == .withdraw(try id(Self.first)))
    }

    @Test("the message is small, plain ASCII, and says that nobody is to answer")
    func mail() throws {
        let mail = CanaryMail(
            try Self.canary(.refused), hostname: try DomainName("relay.example"), date: Self.now,
            id: try id(Self.first))
        let text = String(decoding: mail.content(), as: UTF8.self)
        #expect(
            text.hasPrefix("From: canary@us.example\r\nTo: canary@them.example\r\nSubject: Test message (canary)\r\n"))
        #expect(text.contains("\r\nAuto-Submitted: auto-generated\r\n"))
        #expect(text.contains("\r\nMessage-ID: <0123456789bcdfghjklm@relay.example>\r\n"))
        #expect(text.utf8.count < 1000 && text.utf8.allSatisfy { $0 < 0x80 })
        #expect(text.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 78 })
    }
}
