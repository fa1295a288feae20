import DNS
import Mail
import Testing

@testable import Relay

@Suite("Metrics: what counts as what")
struct MetricsCountingTests {
    @Test(
        "the intake's replies by their reason",
        arguments: [
            (Reply(421, EnhancedStatusCode(4, 3, 2), "x"), RefusalLabel.stopping),
            (Reply(421, EnhancedStatusCode(4, 7, 0), "x"), .tooManyErrors),
            (Reply(421, EnhancedStatusCode(4, 4, 2), "x"), .idle),
            (Reply(452, EnhancedStatusCode(4, 3, 1), "x"), .noRoom),
            (Reply(451, EnhancedStatusCode(4, 3, 0), "x"), .storeFailed),
            (Reply(452, EnhancedStatusCode(4, 5, 3), "x"), .tooManyRecipients),
            (Reply(452, EnhancedStatusCode(4, 7, 0), "x"), .rate),
            (Reply(454, EnhancedStatusCode(4, 7, 0), "x"), .loginUnavailable),
            (Reply(535, EnhancedStatusCode(5, 7, 8), "x"), .loginFailed),
            (Reply(530, EnhancedStatusCode(5, 7, 0), "x"), .notSecured),
            (Reply(538, EnhancedStatusCode(5, 7, 11), "x"), .notSecured),
            (Reply(503, EnhancedStatusCode(5, 5, 1), "x"), .sequence),
            (Reply(550, EnhancedStatusCode(5, 7, 1), "x"), .relaying),
            (Reply(553, EnhancedStatusCode(5, 7, 1), "x"), .sender),
            (Reply(554, EnhancedStatusCode(5, 7, 1), "x"), .client),
            (Reply(554, nil, "x"), .client),
            (Reply(501, EnhancedStatusCode(5, 1, 7), "x"), .address),
            (Reply(553, EnhancedStatusCode(5, 6, 7), "x"), .address),
            (Reply(552, EnhancedStatusCode(5, 3, 4), "x"), .tooLarge),
            (Reply(554, EnhancedStatusCode(5, 4, 6), "x"), .loop),
            (Reply(554, EnhancedStatusCode(5, 6, 0), "x"), .content),
            (Reply(500, EnhancedStatusCode(5, 5, 2), "x"), .syntax),
            (Reply(555, EnhancedStatusCode(5, 5, 4), "x"), .syntax),
            (Reply(599, EnhancedStatusCode(5, 9, 9), "x"), .other),
        ])
    func refusals(reply: Reply, reason: RefusalLabel) throws {
        #expect(RefusalLabel(reply) == reason)
        let metrics = Metrics()
        metrics.count(refusal: reply, isNextHop: false)
        #expect(metrics.refused.value(reply.code < 500 ? .transient : .permanent, reason) == 1)
        metrics.count(refusal: reply, isNextHop: true)
        #expect(metrics.refused.value(reply.code < 500 ? .transient : .permanent, .nextHop) == 1)
    }

    static let reason = Reason(.daneMismatch, "no record matches")

    @Test("a recipient by what was decided, with the time since its message came where that was the end")
    func recipients() throws {
        let metrics = Metrics()
        metrics.count(.delivered(Reply(250, nil, "ok")), after: 3)
        metrics.count(.deferred(Self.reason, nil), after: 3)
        metrics.count(.bounced(Reason(.expired, "late"), nil), after: .max)
        metrics.count(.delivered(Reply(250, nil, "ok")), after: -1)
        #expect(metrics.recipients.value(.delivered, nil) == 2)
        #expect(metrics.recipients.value(.deferred, .daneMismatch) == 1)
        #expect(metrics.recipients.value(.bounced, .expired) == 1)
        let scrape = try ScrapeReading.full(metrics)
        #expect(scrape.value("waxwing_queue_time_seconds_count", ["outcome": "delivered"]) == "2")
        #expect(scrape.value("waxwing_queue_time_seconds_bucket", ["outcome": "delivered", "le": "2"]) == "1")
        #expect(scrape.value("waxwing_queue_time_seconds_bucket", ["outcome": "bounced", "le": "432000"]) == "0")
        #expect(scrape.value("waxwing_queue_time_seconds_count", ["outcome": "bounced"]) == "1")
    }

    @Test("only delivered has no cause, all else has one; cleartext has no level but none")
    func combinations() throws {
        let scrape = try ScrapeReading.full()
        for sample in scrape.samples
        where sample.name == "waxwing_recipients_total" || sample.name == "waxwing_delivery_attempts_total" {
            #expect((sample.labels["outcome"] == "delivered") == (sample.labels["cause"] == "none"), "\(sample)")
        }
        for sample in scrape.samples where sample.name == "waxwing_deliveries_total" {
            #expect((sample.labels["version"] == "none") == (sample.labels["verified"] == "none"), "\(sample)")
        }
        #expect(scrape.words("waxwing_recipients_total", "cause").count == Reason.Cause.allCases.count + 1)
        #expect(scrape.words("waxwing_tls_failures_total", "result") == Set(ResultType.allCases.map(\.rawValue)))
    }

    @Test(
        "the self-test shows in one of its words",
        arguments: [
            (ValidationStatus.validates, true, "validates"), (.doesNotValidate("x"), true, "does-not-validate"),
            (.noNetwork("x"), true, "no-network"), (nil, true, "unknown"), (nil, false, "off"),
        ] as [(ValidationStatus?, Bool, String)])
    func selfTest(status: ValidationStatus?, isWanted: Bool, word: String) throws {
        var numbers = MetricsNumbers.full
        numbers.resolver.selfTest = status
        numbers.resolver.isSelfTestWanted = isWanted
        let scrape = try ScrapeReading(Metrics().text(with: numbers))
        for other in ResolverGauges.results {
            #expect(scrape.value("waxwing_resolver_self_test", ["result": other]) == (other == word ? "1" : "0"))
        }
    }

    @Test("TLSA records by what they are good for")
    func tlsa() {
        func label(_ lookup: TLSAFacts.Lookup, _ security: Security?, _ records: [TLSARecord] = []) -> TLSALabel {
            TLSALabel(TLSAFacts(baseDomain: nil, lookup: lookup, security: security, records: records))
        }
        let usable = TLSARecord(usage: 3, selector: 1, matchingType: 1, data: [UInt8](repeating: 7, count: 32))
        let unusable = TLSARecord(usage: 1, selector: 1, matchingType: 1, data: [UInt8](repeating: 7, count: 32))
        #expect(label(.found, .secure, [usable]) == .usable)
        #expect(label(.found, .secure, [unusable]) == .unusable)
        #expect(label(.found, .insecure, [usable]) == .insecure)
        #expect(label(.absent, .secure) == .absent)
        #expect(label(.failed("SERVFAIL"), .failed) == .failed)
        #expect(label(.notQueried("no name"), nil) == .notAsked)
    }

    @Test("who asks while a value is looked for waits for that look; it is good for its interval")
    func paced() async {
        let paced = Paced<Int>(every: .seconds(1000))
        let looks = Counter("looks", "")
        let values = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    await paced.value {
                        looks.add()
                        return Int(looks.value)
                    }
                }
            }
            return await group.reduce(into: Set<Int>()) { $0.insert($1) }
        }
        #expect(values == [1])
        let fast = Paced<Int>(every: .zero)
        _ = await fast.value { 1 }
        #expect(await fast.value { 2 } == 2)
    }
}
