import Mail
import Net
import Store
import Testing

@testable import Relay

/// Failed fetches in reports (RPTC-12, RPTC-13, D3): each once, whatever mail waited for it.
@Suite("Counting failed fetches", .timeLimit(.minutes(10)))
struct PolicyCountingTests {
    let world = PolicyWorld()
    let folder: PolicyFolder
    let store: SQLiteStore
    let domain: DomainName
    static let day = ReportDay(of: PolicyWorld.start)

    init() throws {
        folder = try PolicyFolder()
        store = try folder.open()
        domain = try PolicyWorld.name("a.example")
    }

    /// What is counted: `type failures`, for each detail; and the policy it is counted under.
    private func counted(on day: ReportDay = day) async throws -> (words: [String], policies: [ReportedPolicy]) {
        let counts = try await store.counts(for: domain, day: day)
        #expect(counts.allSatisfy { $0.successes == 0 })
        return (
            counts.flatMap { count in count.details.map { "\($0.detail.type.rawValue) \($0.sessions)" } },
            counts.map(\.policy)
        )
    }

    @Test(
        "RPTC-12 RPTC-13 Each way to fail has its code, under a policy without text where none is held",
        arguments: [
            (PolicyAnswer.failed(STSFetchFault(.stsPolicyFetchError, "404")), "sts-policy-fetch-error 1"),
            (.failed(STSFetchFault(.stsWebPKIInvalid, "expired")), "sts-webpki-invalid 1"),
            (.failed(STSFetchFault(.stsPolicyInvalid, "no text/plain")), "sts-policy-invalid 1"),
            (.text(Array("this is no policy".utf8)), "sts-policy-invalid 1"),
        ])
    func codes(answer: PolicyAnswer, expected: String) async throws {
        let finder = world.finder(reports: store)
        world.publish(domain, answer)
        #expect(await finder.mail(domain).isUnknown)
        let counted = try await counted()
        #expect(counted.words == [expected] && counted.policies == [ReportedPolicy(.sts, domain: domain)])
        let detail = try await store.counts(for: domain, day: Self.day).first?.details.first?.detail
        // RPTC-20: there was no connection to a mail host.
        #expect(detail?.receivingAddress == nil && detail?.receivingHost == nil && detail?.sendingAddress == nil)
    }

    @Test("RPTC-12 D3 A hundred messages that wait for one fetch are one count; the next fetch is another")
    func once() async throws {
        let finder = world.finder(reports: store)
        let gate = Latch<Bool>()
        world.publish(domain, PolicyWorld.down)
        world.set(domain) { $0.policyGate = gate }
        let domain = domain
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 { group.addTask { _ = await finder.mail(domain) } }
            await world.until { $0.fetches == 1 }
            gate.open(true)
        }
        #expect(try await counted().words == ["sts-policy-fetch-error 1"])
        world.advance(by: 300)
        _ = await finder.mail(domain)
        #expect(world.fetches(domain) == 2)
        #expect(try await counted().words == ["sts-policy-fetch-error 2"])
    }

    @Test("RPTC-12 A refresh that fails while a policy is held is counted under that policy, each time")
    func refresh() async throws {
        let finder = world.finder(reports: store)
        world.publish(domain)
        #expect(await finder.mail(domain).mode == .enforce)
        world.set(domain) { $0.policy = PolicyWorld.down }
        _ = await finder.refresh(domain)
        _ = await finder.refresh(domain)
        let counted = try await counted()
        #expect(counted.words == ["sts-policy-fetch-error 2"])
        #expect(counted.policies.first?.mxHosts == ["mx.a.example"] && counted.policies.first?.strings.count == 4)
    }

    @Test("RPTC-11 RPTC-12 Under a policy of mode none nothing is counted: the domain takes its leave")
    func modeNone() async throws {
        let finder = world.finder(reports: store)
        world.publish(domain, PolicyWorld.text("none"))
        _ = await finder.mail(domain)
        world.set(domain) { $0.policy = PolicyWorld.down }
        _ = await finder.refresh(domain)
        #expect(world.fetches(domain) == 2)
        #expect(try await counted().words.isEmpty)
    }

    @Test("RPTC-12 Without a record, and where the fetch works, nothing is counted")
    func nothing() async throws {
        let finder = world.finder(reports: store)
        world.set(domain) { $0.record = .absent("no such name") }
        _ = await finder.mail(domain)
        world.set(domain) { $0.record = .failed("SERVFAIL") }
        world.advance(by: 3600)
        _ = await finder.mail(domain)
        world.publish(domain)
        world.advance(by: 3600)
        #expect(await finder.mail(domain).mode == .enforce)
        #expect(try await store.counts(for: domain, day: Self.day).isEmpty)
    }

    @Test("RPTC-12 A fault of ours, and a fetch that our end cuts short, are no fault of the domain's")
    func ours() async throws {
        for answer in [PolicyAnswer.prevented("no trust anchors"), .stopped] {
            let finder = world.finder(reports: store)
            world.publish(domain, answer)
            _ = await finder.mail(domain)
            #expect(try await counted().words.isEmpty)
        }
    }

    @Test("RPTC-21 Counted on the day the fetch ended")
    func day() async throws {
        let finder = world.finder(reports: store)
        let gate = Latch<Bool>()
        world.publish(domain, PolicyWorld.down)
        world.set(domain) { $0.policyGate = gate }
        async let waiting = finder.mail(domain)
        await world.until { $0.fetches == 1 }
        world.advance(by: Self.day.end.seconds - PolicyWorld.start.seconds + 1)
        gate.open(true)
        _ = await waiting
        #expect(try await counted().words.isEmpty)
        #expect(try await counted(on: Self.day.next).words == ["sts-policy-fetch-error 1"])
    }

    @Test("RPTC-05 A store that does not count keeps no mail back, and says so once")
    func storeFails() async throws {
        let finder = world.finder(reports: store)
        await store.close()
        world.publish(domain, PolicyWorld.down)
        #expect(await finder.mail(domain).isUnknown)
    }
}
