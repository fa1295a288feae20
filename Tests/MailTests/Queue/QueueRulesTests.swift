import Testing

@testable import Mail

@Suite struct QueueRulesTests {
    static func name(_ text: String) -> DomainName? { try? DomainName(text) }

    static func pattern(_ text: String?) -> RulePattern? {
        guard let text else { return nil }
        if text == "*" { return .any }
        if text.hasPrefix("*.") { return name(String(text.dropFirst(2))).map(RulePattern.below) }
        return name(text).map(RulePattern.exactly)
    }

    static func path(_ text: String) -> ReversePath {
        (try? ReversePath(parsing: Array("<\(text)>".utf8))) ?? .null
    }

    static func sender(_ text: String?) -> SenderPattern? {
        guard let text else { return nil }
        if text == "<>" { return .null }
        if text.hasPrefix("@") { return pattern(String(text.dropFirst())).map(SenderPattern.domain) }
        if case .mailbox(let mailbox) = path(text) { return .mailbox(mailbox) }
        return nil
    }

    static func rule(
        _ destination: String? = nil, from: String? = nil, mx: String? = nil, failure: FailureClass? = nil,
        _ change: (inout QueueRule) -> Void
    ) -> QueueRule {
        var rule = QueueRule(
            destination: pattern(destination), sender: sender(from), mx: pattern(mx), failure: failure)
        change(&rule)
        return rule
    }

    /// Each has a lifetime of its own, by which it is known.
    static let layered = QueueRules([
        rule("*") { $0.lifetime = 1 },
        rule("*.b.test") { $0.lifetime = 2 },
        rule("*.a.b.test") { $0.lifetime = 3 },
        rule("x.a.b.test") { $0.lifetime = 4 },
        rule(from: "@*.s.test") { $0.lifetime = 5 },
        rule(from: "@s.test") { $0.lifetime = 6 },
        rule(from: "News@s.test") { $0.lifetime = 7 },
        rule("*.b.test", from: "@*.s.test") { $0.lifetime = 8 },
        rule("x.a.b.test", from: "@s.test") { $0.lifetime = 9 },
        rule(from: "<>") { $0.lifetime = 10 },
        rule(failure: .dns) { $0.lifetime = 11 },
        rule("*", failure: .policy) { $0.lifetime = 12 },
        rule("*.b.test", failure: .policy) { $0.lifetime = 13 },
        rule(from: "u@[192.0.2.1]") { $0.lifetime = 14 },
    ])

    @Test(
        "D19 the most specific rule counts",
        arguments: [
            ("u@x.test", "c.test", nil, 1, "all destinations"),
            ("u@x.test", nil, nil, 1, "an address literal is a destination too"),
            ("u@x.test", "b.test", nil, 1, "*.b.test is not for b.test"),
            ("u@x.test", "y.b.test", nil, 2, "a wildcard"),
            ("u@x.test", "y.a.b.test", nil, 3, "the longer wildcard"),
            ("u@x.test", "z.y.a.b.test", nil, 3, "at any depth"),
            ("u@x.test", "x.a.b.test", nil, 4, "a name"),
            ("u@t.s.test", "c.test", nil, 5, "names below a sender's domain"),
            ("u@s.test", "c.test", nil, 6, "a sender's domain"),
            ("u@s.test", "y.b.test", nil, 6, "a sender before a destination"),
            ("news@S.test", "c.test", nil, 7, "an address, in any case"),
            ("news@s.test", "x.a.b.test", nil, 9, "both before an address alone"),
            ("u@t.s.test", "x.a.b.test", nil, 8, "both before a destination alone"),
            ("u@s.test", "x.a.b.test", nil, 9, "both, the more specific"),
            ("", "c.test", nil, 10, "notices"),
            ("", "x.a.b.test", nil, 10, "notices before a destination"),
            ("u@[192.0.2.1]", "c.test", nil, 14, "a sender at an address literal"),
            ("u@[192.0.2.2]", "c.test", nil, 1, "another one"),
            ("u@x.test", "c.test", .dnsTemporary, 1, "a failure yields to a destination, be it any"),
            ("u@x.test", "c.test", .daneMismatch, 12, "of two alike the one with failure"),
            ("u@x.test", "y.b.test", .daneMismatch, 13, "and so for a name"),
            ("u@x.test", "y.b.test", .connectFailed, 2, "another failure"),
        ] as [(String, String?, Reason.Cause?, Int64, String)])
    func specific(sender: String, destination: String?, failure: Reason.Cause?, expected: Int64, why: String) {
        let schedule = Self.layered.schedule(
            Schedule(), sender: Self.path(sender), destination: destination.flatMap(Self.name), failure: failure)
        #expect(schedule.lifetime == expected, "\(why)")
    }

    @Test("each setting comes from the most specific rule that has it, and the order never counts")
    func merged() {
        let rules = [
            Self.rule("*") { ($0.retryMinimum, $0.retryMaximum, $0.delayedAfter) = (60, 600, 0) },
            Self.rule("a.test") { ($0.retryMaximum, $0.priority) = (900, .high) },
            Self.rule(from: "@s.test") { ($0.lifetime, $0.priority) = (3600, .normal) },
            Self.rule("a.test", failure: .policy) { $0.retryMaximum = 120 },
        ]
        for rules in [QueueRules(rules), QueueRules(rules.reversed())] {
            func schedule(_ failure: Reason.Cause?) -> Schedule {
                rules.schedule(
                    Schedule(), sender: Self.path("u@s.test"), destination: Self.name("a.test"), failure: failure)
            }
            #expect(
                schedule(nil)
                    == Schedule(
                        minimum: 60, maximum: 900, lifetime: 3600, dsnLifetime: 3600, delayedAfter: 0))
            #expect(schedule(.stsMXMismatch).maximum == 120 && schedule(.remoteReply).maximum == 900)
            #expect(rules.priority(sender: Self.path("u@s.test"), destination: Self.name("a.test")) == .normal)
            #expect(rules.priority(sender: Self.path("u@t.test"), destination: Self.name("a.test")) == .high)
            #expect(rules.priority(sender: .null, destination: nil) == .normal)
        }
        #expect(QueueRules(rules) == QueueRules(rules))
    }

    @Test(
        "waits that do not fit together: the more specific holds",
        arguments: [
            (rule("a.test") { $0.retryMinimum = 10_000 }, nil, 10_000, 10_000),
            (rule("a.test") { $0.retryMaximum = 100 }, nil, 100, 100),
            (rule("a.test") { $0.retryMinimum = 500 }, rule("*") { $0.retryMaximum = 400 }, 500, 500),
            (rule("*") { $0.retryMinimum = 500 }, rule("a.test") { $0.retryMaximum = 400 }, 400, 400),
            (rule("*") { $0.retryMinimum = 500 }, rule("a.test") { $0.retryMaximum = 600 }, 500, 600),
        ] as [(QueueRule, QueueRule?, Int64, Int64)])
    func unfit(first: QueueRule, second: QueueRule?, minimum: Int64, maximum: Int64) {
        let schedule = QueueRules([first] + (second.map { [$0] } ?? [])).schedule(
            Schedule(), sender: .null, destination: Self.name("a.test"), failure: nil)
        #expect(schedule.minimum == minimum && schedule.maximum == maximum)
    }

    @Test(
        "notices live no longer than mail, and longer than else only by a rule of their own",
        arguments: [
            (nil, 3600, 3600), (nil, 900_000, 172_800), ("<>", 900_000, 900_000), ("<>", 3600, 3600),
        ] as [(String?, Int64, Int64)])
    func notices(from: String?, lifetime: Int64, expected: Int64) {
        let schedule = QueueRules([Self.rule("a.test", from: from) { $0.lifetime = lifetime }]).schedule(
            Schedule(), sender: .null, destination: Self.name("a.test"), failure: nil)
        #expect(schedule.dsnLifetime == expected && schedule.lifetime == lifetime)
    }

    @Test("limits of a destination, setting by setting; an empty rate lifts one")
    func limits() throws {
        let rate = try #require(Rate(count: 100, seconds: 60))
        let rules = QueueRules([
            Self.rule("*") { ($0.connections, $0.rate) = (5, .atMost(rate)) },
            Self.rule("*.a.test") { $0.connections = 7 },
            Self.rule("x.a.test") { $0.rate = .unlimited },
            // Not for destinations.
            Self.rule(mx: "x.a.test") { $0.connections = 1 },
            Self.rule("x.a.test", from: "@s.test") { $0.priority = .high },
        ])
        #expect(rules.limits(destination: Self.name("b.test")) == (5, rate))
        #expect(rules.limits(destination: Self.name("y.a.test")) == (7, rate))
        #expect(rules.limits(destination: Self.name("x.a.test")) == (7, nil))
        #expect(rules.limits(destination: nil) == (5, rate))
        #expect(QueueRules().limits(destination: nil) == (nil, nil))
    }

    @Test("Q-04 limits of a site: the first of the hosts that a rule is for; the pattern is its name")
    func sites() throws {
        let rate = try #require(Rate(count: 600, seconds: 60))
        let rules = QueueRules([
            Self.rule(mx: "*.mail.test") { ($0.connections, $0.rate) = (10, .atMost(rate)) },
            Self.rule(mx: "mx9.mail.test") { $0.connections = 2 },
            Self.rule("mail.test") { $0.connections = 1 },
        ])
        func site(_ hosts: String...) -> (label: String, connections: Int?, rate: Rate?)? {
            rules.siteLimits(hosts: hosts.compactMap(Self.name))
        }
        let one = try #require(site("mx1.mail.test", "mx9.mail.test"))
        #expect(one == ("*.mail.test", 10, rate))
        let two = try #require(site("mx.own.test", "mx9.mail.test"))
        #expect(two == ("mx9.mail.test", 2, rate))
        #expect(site("mail.test") == nil && site() == nil)
        #expect(QueueRules().siteLimits(hosts: [try DomainName("mx1.mail.test")]) == nil)
    }

    @Test("ten thousand rules: a look touches only those that match")
    func many() {
        let rules = QueueRules(
            (0..<QueueRules.limit).map { number in
                Self.rule("d\(number).test", from: "@s\(number % 100).test") { $0.lifetime = Int64(number) + 1 }
            })
        // A walk over all of them would take minutes here.
        for number in 0..<QueueRules.limit {
            let schedule = rules.schedule(
                Schedule(), sender: Self.path("u@s\(number % 100).test"), destination: Self.name("d\(number).test"),
                failure: nil)
            #expect(schedule.lifetime == Int64(number) + 1)
        }
    }
}
