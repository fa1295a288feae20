import Mail
import Testing

@testable import Store

/// Rows that somebody or something changed behind the store's back: passed over, and never a trap.
@Suite struct ReportDamageTests {
    /// A closed store with counts and a report under way for two domains.
    private func prepared() async throws -> Fixture {
        let fixture = try Fixture()
        let store = try fixture.open()
        for name in ["good.example", "victim.example"] {
            try await store.count(Reports.session(name, nil, [Reports.detail()]))
            let planned = try Reports.planned(name)
            try await store.plan([planned])
            _ = try await store.begin(
                Reports.underWay(planned, others: [ReportDestination(uri: "https://a.example/", state: .due)]),
                body: [1], mails: [])
        }
        await store.close()
        return fixture
    }

    static let policies = [
        "type = 'stz'", "type = x'00'", "policy_domain = 'UPPER.example'", "policy_domain = ''", "strings = '['",
        "strings = '{}'", "strings = '[1]'", "strings = '[null]'", "strings = x'ff'", "strings = '[]'",
        "mx_hosts = '[\"a\"]'", "mx_hosts = 7", "checksum = checksum + 1", "checksum = 'x'",
    ]

    @Test("A policy that cannot be read is left out, its neighbours are not", arguments: policies)
    func policy(_ change: String) async throws {
        let fixture = try await prepared()
        try fixture.sql("UPDATE report_policy SET \(change) WHERE domain = 'victim.example'")
        let store = try fixture.open()
        #expect(try await store.policyCounts("victim.example") == [])
        #expect(try await store.policyCounts("good.example").count == 1)
        // What comes now is counted in a row of its own.
        try await store.deliver([Reports.session("victim.example")])
        #expect(try await store.policyCounts("victim.example").map(\.successes) == [1])
    }

    @Test("A policy that has wandered to another domain is left out")
    func wandered() async throws {
        let fixture = try await prepared()
        try fixture.sql("UPDATE report_policy SET domain = 'thief.example' WHERE domain = 'victim.example'")
        let store = try fixture.open()
        #expect(try await store.policyCounts("thief.example") == [])
    }

    static let counts = ["successes = -1", "failures = 'x'", "failures = NULL", "successes = 1.5", "successes = 1e19"]

    @Test("Counts that are none are left out; totals of a page never fail", arguments: counts)
    func count(_ change: String) async throws {
        let fixture = try await prepared()
        try fixture.sql("UPDATE OR IGNORE report_count SET \(change) WHERE policy = 2")
        let store = try fixture.open()
        if !change.contains("NULL") { #expect(try await store.policyCounts("victim.example") == []) }
        #expect(try await store.policyCounts("good.example").count == 1)
        let domains = try await store.countedDomains(day: Reports.day, after: nil, limit: 9)
        #expect(domains.first?.domain.text == "good.example")
    }

    @Test("Numbers at the end of their range do not overflow")
    func overflow() async throws {
        let fixture = try await prepared()
        try fixture.sql(
            "UPDATE report_count SET failures = \(Int64.max); UPDATE report_detail SET sessions = \(Int64.max)")
        let store = try fixture.open()
        for _ in 0..<2 { try await store.deliver([Reports.session("victim.example", nil, [Reports.detail()])]) }
        _ = try await store.policyCounts("victim.example")
        #expect(try await store.countedDomains(day: Reports.day, after: nil, limit: 9).count == 2)
        #expect(try await store.reports(day: Reports.day, after: nil, limit: 9).count == 2)
    }

    static let details = [
        "type = 'no-such-type'", "type = 5", "reason = x'00'", "sending_address = x'00'", "sending_address = 'a'",
        "receiving_host = 5.5", "receiving_helo = x'ff'", "receiving_address = zeroblob(15)", "sessions = 'x'",
        "sessions = -1",
    ]

    @Test("A detail that cannot be read is left out, the totals are not", arguments: details)
    func detail(_ change: String) async throws {
        let fixture = try await prepared()
        try fixture.sql("UPDATE report_detail SET \(change) WHERE policy = 2")
        let store = try fixture.open()
        try await store.deliver([Reports.session("victim.example", nil, [Reports.detail(7)])])
        let count = try #require(try await store.policyCounts("victim.example").first)
        #expect(count.failures == 2)
        // In "receiving_host = 5.5" the column makes a text of the number.
        #expect(count.details.map(\.detail).filter { $0 == Reports.detail() }.isEmpty)
        #expect(count.details.contains(DetailCount(Reports.detail(7), sessions: 1)))
    }

    static let reports = [
        "state = 9", "state = 'x'", "id = x'00'", "due_at = 'soon'", "begun_at = 'x'", "outcome = 'x'",
        "outcome = 5", "words = x'00'", "successes = -1", "failures = 'x'", "domain = 'VICTIM.example'", "domain = ''",
    ]

    @Test("A report that cannot be read is nobody's next work, and takes no place of a page", arguments: reports)
    func report(_ change: String) async throws {
        let fixture = try await prepared()
        let time = change.hasPrefix("due_at") ? "" : ", due_at = 5"
        try fixture.sql("UPDATE report SET \(change)\(time) WHERE domain = 'victim.example'")
        let store = try fixture.open()
        #expect(try await store.nextReportTime() == Fixture.start)
        let due = try await store.dueReports(at: Fixture.start, limit: 1)
        #expect(due.map(\.domain.text) == ["good.example"])
        #expect(try await store.reports(day: Reports.day, after: nil, limit: 1).map(\.domain.text) == ["good.example"])
        #expect(try await store.report("victim.example") == nil)
    }

    static let destinations = [
        "state = 'x'", "uri = x'00'", "attempts = 'x'", "last_attempt = 'x'", "next_attempt = 'x'", "words = x'00'",
    ]

    @Test("A destination that cannot be read is left out of its report", arguments: destinations)
    func destination(_ change: String) async throws {
        let fixture = try await prepared()
        try fixture.sql("UPDATE report_destination SET \(change) WHERE domain = 'victim.example'")
        let store = try fixture.open()
        #expect(try await store.report("victim.example")?.destinations == [])
        #expect(try await store.report("good.example")?.destinations.count == 1)
    }

    @Test(
        "A mail is settled, whatever has become of the rows it belongs to",
        arguments: [
            "UPDATE report_destination SET uri = x'00'",
            "UPDATE report_destination SET last_attempt = 'x', attempts = 'x'",
            "DELETE FROM report", "DROP TABLE report", "DROP TABLE report_destination", "DROP TABLE report_suppression",
        ])
    func mail(_ change: String) async throws {
        let fixture = try Fixture()
        var queued: [QueuedMessage] = []
        do {
            let store = try fixture.open()
            let (mails, planned) = ([try Reports.mail(), try Reports.mail()], try Reports.planned())
            try await store.plan([planned])
            queued = try await store.begin(Reports.underWay(planned, mails: mails), body: [1], mails: mails)
            await store.close()
        }
        try fixture.sql(change)
        let store = try fixture.open()
        _ = try await store.settle(Reports.settlement(queued[0], ReportMailTests.refusal, wasSecured: true))
        try await store.quarantine(queued[1].message.id, because: "damaged")
        #expect(try await store.counts().messages == 1)
        #expect(try await store.counts().quarantinedMessages == 1)
    }

    @Test("Names and suppressions that cannot be read are left out")
    func others() async throws {
        let fixture = try await prepared()
        try fixture.sql(
            """
            INSERT INTO report_domain VALUES (1, 'UPPER', 0), (1, '', 0), (1, 'a.example', 0), ('x', 'b.example', 0);
            INSERT INTO report_suppression VALUES
                ('e.example', 'a', 'x', 9e18, 1, ''), ('e.example', 'b', 5, 9000000000, 1, x'00'),
                ('UPPER', 'c', 5, 9000000000, 1, ''), ('e.example', 'd', 5, 9000000000, 'x', ''),
                ('e.example', 'e', 5, 9000000000, 3, 'words');
            """)
        let store = try fixture.open()
        #expect(try await store.unplannedDomains(day: ReportDay(number: 1), limit: 1).map(\.text) == ["a.example"])
        #expect(try await store.unplannedDays(before: Reports.day) == [ReportDay(number: 1)])
        #expect(try await store.suppressions(at: Fixture.start, limit: 1).map(\.uri) == ["e"])
        let found = try await store.suppressions(
            ["a", "b", "c", "d", "e"], for: DomainName("e.example"), at: Fixture.start)
        #expect(found.map(\.uri) == ["e"])
    }
}
