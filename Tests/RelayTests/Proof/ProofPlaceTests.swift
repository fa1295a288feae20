import Mail
import Testing

@testable import Relay

@Suite("Questions for proof") struct ProofPlaceTests {
    private static func parse(_ target: String, _ method: String = "GET") throws(ControlRefusal) -> ControlRequest {
        try ControlRequest.parse(Array("\(method) \(target) HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
    }

    @Test("each place and its parameters")
    func places() throws {
        let (first, last) = (try #require(ReportDay(text: "2026-11-01")), try #require(ReportDay(text: "2026-11-21")))
        #expect(
            try Self.parse("/v1/compliance?since=2026-11-01&until=2026-11-21&by=sender&after=&limit=7")
                == .proof(
                    .compliance(ComplianceQuery(since: first, until: last, side: .sender, after: "", limit: 7))))
        #expect(
            try Self.parse("/v1/compliance/proofs?since=2026-11-01&until=2026-11-21&before=9")
                == .proof(.proofs(ProofQuery(since: first, until: last, before: 9))))
        #expect(try Self.parse("/v1/letter?key=d.example") == .proof(.letter("d.example")))
        #expect(try Self.parse("/v1/canaries") == .proof(.canaries))
    }

    @Test(
        "what is refused",
        arguments: [
            "/v1/compliance", "/v1/compliance?since=yesterday", "/v1/compliance?since=2026-11-01&by=host",
            "/v1/compliance?since=2026-11-01&limit=0", "/v1/compliance?since=2026-11-01&limit=1001",
            "/v1/compliance/proofs?since=2026-11-01&before=0", "/v1/compliance/proofs?since=2026-11-01&before=x",
            "/v1/letter", "/v1/letter?key=", "/v1/canaries?all=yes", "/v1/compliance/other",
        ])
    func refused(target: String) {
        #expect(throws: ControlRefusal.self) { try Self.parse(target) }
    }

    @Test("nothing here is an order")
    func orders() {
        #expect(throws: ControlRefusal.self) { try Self.parse("/v1/letter?key=d.example", "POST") }
    }
}

@Suite("[[canary]]") struct CanaryConfigurationTests {
    static let good = """
        [[canary]]
        name = "good"
        sender = "canary@us.example"
        recipient = "canary@them.example"
        expect = "delivered"

        """

    @Test("what is written and what is left out")
    func read() throws {
        let configuration = try Configuration.parse(
            text: Self.good + "[[canary]]\nname = \"bad\"\nsender = \"canary@us.example\"\n"
                + "recipient = \"x@bad.example\"\nexpect = \"refused\"\nevery = \"10m\"\nwithin = \"10m\"\n", file: "f")
        let canaries = configuration.canaries
        #expect(canaries.map(\.name) == ["good", "bad"])
        #expect(canaries.map(\.expectation) == [.delivered, .refused])
        #expect(canaries.map(\.every) == [21_600, 600] && canaries.map(\.within) == [1800, 600])
        let change = ConfigurationChange(from: Configuration(), to: configuration)
        #expect(change.changed == ["canary"])
    }

    @Test("the sample of the reference is right")
    func sample() throws {
        let text = "[[canary]]\n\(CanaryKeys.sample)\n"
        #expect(try Configuration.parse(text: text, file: "f").canaries.count == 2)
    }

    static let faults: [(String, String, String)] = [
        ("[[canary]]\nname = \"x\"\n", "canary[0]", "sender, recipient and expect are missing"),
        (good.replacing("delivered", with: "eaten"), "canary[0].expect", "no such word"),
        (good + "every = \"1m\"\n", "canary[0].within", "longer than every"),
        (good + "every = \"4s\"\nwithin = \"4s\"\n", "canary[0].every", "below the least"),
        (good + "within = \"2d\"\n", "canary[0].within", "above the most"),
        (good + good, "canary[1].name", "the name of another one"),
        (good + good.replacing("\"good\"", with: "\"other\""), "canary[1]", "the way of another one"),
        (good.replacing("canary@them", with: "jürgen@them"), "canary[0].recipient", "not ASCII"),
        (good + "hourly = true\n", "canary[0].hourly", "no such key"),
        ("[canary]\n", "canary", "no list"),
    ]

    @Test("what is wrong is said with its place", arguments: faults.indices)
    func wrong(index: Int) {
        let (text, key, why) = Self.faults[index]
        do {
            _ = try Configuration.parse(text: text, file: "f")
            Issue.record("\(why)")
        } catch {
            #expect(error.faults.contains { $0.key.hasPrefix(key) }, "\(why): \(error)")
        }
    }

    @Test("a hundred are read, and one more is not")
    func bound() throws {
        func text(_ count: Int) -> String {
            (0..<count).map {
                Self.good.replacing("\"good\"", with: "\"\($0)\"").replacing("canary@them", with: "c\($0)@them")
            }.joined()
        }
        #expect(try Configuration.parse(text: text(Configuration.WrittenCanary.limit), file: "f").canaries.count == 100)
        #expect(throws: ConfigurationError.self) {
            try Configuration.parse(text: text(Configuration.WrittenCanary.limit + 1), file: "f")
        }
    }
}
