import Mail
import Testing

@testable import Relay

/// What `relayctl sts refresh` says of a refresh.
@Suite("The operator's refresh", .timeLimit(.minutes(10)))
struct PolicyRefreshOutcomeTests {
    let world = PolicyWorld()
    let domain: DomainName

    init() throws { domain = try PolicyWorld.name("a.example") }

    struct Row: Sendable, CustomTestStringConvertible {
        let record: STSRecordFacts
        let policy: PolicyAnswer
        /// With a policy held from before.
        let isHeld: Bool
        /// nil where it is fetched.
        let error: String?
        let reason: String

        init(_ record: STSRecordFacts, _ policy: PolicyAnswer, isHeld: Bool, _ error: String?, _ reason: String) {
            self.record = record
            self.policy = policy
            self.isHeld = isHeld
            self.error = error
            self.reason = reason
        }

        var testDescription: String { reason }
    }

    static let ours = PolicyAnswer.prevented("the file of trust anchors cannot be read")

    static let rows: [Row] = [
        Row(.found(id: "2"), PolicyWorld.text(), isHeld: true, nil, "another id"),
        Row(.found(id: "1"), PolicyWorld.text(), isHeld: true, nil, "the same, anew"),
        Row(.found(id: "1"), PolicyWorld.text(), isHeld: false, nil, "the first"),
        Row(.found(id: "1"), PolicyWorld.text(maxAge: 0), isHeld: false, nil, "not to be remembered"),
        Row(.found(id: "2"), PolicyWorld.down, isHeld: true, "no connection", "the domain's fault, with a policy"),
        Row(.found(id: "2"), PolicyWorld.down, isHeld: false, "no connection", "the domain's fault, without"),
        Row(
            .found(id: "2"), ours, isHeld: true, "Waxwing could not fetch it: the file of trust anchors cannot be read",
            "our fault, with a policy"),
        Row(
            .found(id: "2"), ours, isHeld: false,
            "Waxwing could not fetch it: the file of trust anchors cannot be read", "our fault, without"),
        Row(
            .found(id: "2"), .stopped, isHeld: true, "Waxwing could not fetch it: the fetch was broken off",
            "broken off"),
        Row(.absent("no such name"), PolicyWorld.text(), isHeld: true, nil, "no record, but a policy in force"),
        Row(.absent("no such name"), PolicyWorld.text(), isHeld: false, "no such name", "no MTA-STS"),
        Row(.failed("SERVFAIL"), PolicyWorld.text(), isHeld: false, "the TXT lookup failed: SERVFAIL", "unknown"),
    ]

    @Test("What came of it is said in words, and what stays in force is shown", arguments: rows)
    func outcome(row: Row) async {
        let finder = world.finder()
        if row.isHeld {
            world.publish(domain)
            _ = await finder.mail(domain)
            world.advance(by: 3600)
        }
        world.set(domain) {
            $0.record = row.record
            $0.policy = row.policy
        }
        let view = STSRefreshView(await finder.refresh(domain), of: domain)
        #expect(view.error == row.error && view.fetched == (row.error == nil))
        #expect((view.policy != nil) == (row.isHeld || row.error == nil))
    }

    @Test("What is off, not due or not over is said too")
    func others() async {
        #expect(
            STSRefreshView(await world.finder(isEnabled: false).refresh(domain), of: domain).error
                == "MTA-STS is switched off (sts.enabled)")
        let finder = world.finder()
        world.publish(domain)
        _ = await finder.mail(domain)
        let view = STSRefreshView(await finder.refresh(domain) { _ in false }, of: domain)
        #expect(!view.fetched && view.error == "no refresh was due" && view.policy?.id == "1")
        await finder.close()
        let late = STSRefreshView(await finder.refresh(domain), of: domain)
        #expect(!late.fetched && late.error == "the fetch is not over yet" && late.policy?.id == "1")
    }
}
