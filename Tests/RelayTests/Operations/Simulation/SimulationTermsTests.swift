import Glibc
import Mail
import Net
import Store
import Testing

@testable import Relay

@Suite("Which keys another configuration is tried by")
struct SimulationTermsTests {
    /// A domain for which a key makes a difference.
    struct Place: Sendable {
        var mx = Security.insecure
        var tlsa: [String] = []
        /// An MTA-STS policy in mode `enforce` that lists the host.
        var hasPolicy = false
        var addresses = [IPAddress.v4(0xC000_0201)]
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let key: String
        let text: String
        let place: Place
        let why: String
        var testDescription: String { "\(key): \(why)" }

        init(_ key: String, _ text: String, _ place: Place, _ why: String) {
            (self.key, self.text, self.place, self.why) = (key, text, place, why)
        }
    }

    static let (one, two) = (String(repeating: "01", count: 32), String(repeating: "02", count: 64))
    static let dane = Place(mx: .secure, tlsa: ["3 1 1 \(one)"])

    static let rows = [
        Row("tls.ca_file", "[tls]\nca_file = \"/ca.pem\"", Place(hasPolicy: true), "other anchors for MTA-STS"),
        Row("tls.minimum_level", "[tls]\nminimum_level = \"encrypted\"", Place(), "no cleartext"),
        Row("tls.minimum_version", "[tls]\nminimum_version = \"1.3\"", dane, "where TLS is demanded"),
        Row(
            "tls.opportunistic_minimum_version", "[tls]\nopportunistic_minimum_version = \"1.0\"", Place(),
            "where it is not"),
        Row("tls.opportunistic_fallback", "[tls]\nopportunistic_fallback = \"never\"", Place(), "a failed handshake"),
        Row(
            "dane.insecure_mx", "[dane]\ninsecure_mx = false", Place(tlsa: ["3 1 1 \(one)"]),
            "records behind an insecure MX"),
        Row(
            "dane.digests", "[dane]\ndigests = [\"sha256\", \"sha512\"]",
            Place(mx: .secure, tlsa: ["3 1 1 \(one)", "3 1 2 \(two)"]), "another record counts"),
        Row(
            "dane.when_both", "[dane]\nwhen_both = \"both\"",
            Place(mx: .secure, tlsa: ["3 1 1 \(one)"], hasPolicy: true), "DANE and MTA-STS"),
        Row("sts.enabled", "[sts]\nenabled = false", Place(hasPolicy: true), "the policy is not looked for"),
        Row("delivery.port", "[delivery]\nport = 26", Place(), "another port"),
        Row("delivery.ipv6", "[delivery]\nipv6 = false", Place(), "fewer addresses"),
        Row("delivery.host_limit", "[delivery]\nhost_limit = 2", Place(), "fewer addresses"),
        Row("delivery.source_ipv4", "[delivery]\nsource_ipv4 = \"192.0.2.9\"", Place(), "who is asking"),
        Row("delivery.source_ipv6", "[delivery]\nsource_ipv6 = \"2001:db8::9\"", Place(), "who is asking"),
        Row(
            "delivery.loopback", "[delivery]\nloopback = true",
            Place(addresses: [.v4(0xC000_0201), .v4(0x7F00_0002)]), "an address more"),
        Row(
            "rule", "[[rule]]\ndestination = \"d.example\"\nlevel = \"encrypted\"\nreason = \"x\"", Place(),
            "a level"),
        Row(
            "rule", "[[rule]]\ndestination = \"d.example\"\nnext_hop = \"[mx.d.example]\"\nreason = \"x\"", Place(),
            "a route"),
    ]

    static func decision(_ terms: Simulation.Terms, _ configuration: Configuration, _ place: Place) throws
        -> PolicyDecision
    {
        let nextHop = try #require(terms.nextHop(named: "d.example"))
        let name = try DomainName("mx.d.example")
        let isAsked = !place.tlsa.isEmpty && (place.mx == .secure || configuration.dane.insecureMX)
        let host = HostFacts(
            host: .name(name), preference: 10,
            addresses: AddressFacts(
                lookup: .found,
                addresses: place.addresses.filter { configuration.delivery.loopback || !$0.isLoopback },
                security: .secure),
            tlsa: isAsked
                ? TLSAFacts(
                    baseDomain: name, lookup: .found, security: .secure,
                    records: try place.tlsa.map { try TLSARecord(parsing: $0) })
                : TLSAFacts(baseDomain: nil, lookup: .absent, security: .secure))
        var sts = STSFacts.notApplicable
        if terms.usesSTS, place.hasPolicy, let domain = nextHop.domain {
            let lines = ["version: STSv1", "mode: enforce", "max_age: 604800", "mx: mx.d.example"]
            let held = try STSCacheEntry.Held(
                parsing: Array(lines.map { $0 + "\n" }.joined().utf8), id: "7", fetchedAt: WallTime(seconds: 1))
            sts = STSFacts(domain: domain, record: .found(id: "7"), held: held)
        }
        return PolicyDecision(
            PolicyInputs(
                facts: DestinationFacts(
                    nextHop: nextHop,
                    mx: MXFacts(
                        lookup: .records([MXRecord(preference: 10, exchange: .host(.name(name)))]), security: place.mx),
                    hosts: [host], timeToLive: 60), sts: sts, settings: terms.policy))
    }

    static func comesToTheSame(_ now: Configuration, _ then: Configuration, _ place: Place) throws -> Bool {
        let (mine, theirs) = (Simulation.Terms(now), Simulation.Terms(then))
        return mine.comesToTheSame(
            try decision(mine, now, place), as: theirs, try decision(theirs, then, place))
    }

    @Test("Each key that is tried makes a difference where it matters", arguments: rows)
    func difference(_ row: Row) throws {
        let now = try Configuration.parse(text: "", file: "now")
        let then = try Configuration.parse(text: row.text, file: "then")
        #expect(ConfigurationChange(from: now, to: then).changed == [row.key])
        #expect(Service.isSimulated(row.key, beside: now))
        #expect(try !Self.comesToTheSame(now, then, row.place))
        #expect(try Self.comesToTheSame(then, then, row.place))
    }

    @Test("A route by implicit TLS is another way to the same host")
    func implicitTLS() throws {
        let route = "[[rule]]\ndestination = \"d.example\"\nnext_hop = \"[mx.d.example]\"\nreason = \"x\""
        let now = try Configuration.parse(text: route, file: "now")
        let then = try Configuration.parse(text: route + "\nimplicit_tls = true", file: "then")
        #expect(try !Self.comesToTheSame(now, then, Place()))
    }

    @Test("No key is claimed that has no row above")
    func keys() {
        let keys = ConfigurationSection.all.flatMap(\.keys).map(\.path) + [RuleReader.name]
        let claimed = keys.filter { Service.isSimulated($0, beside: Configuration()) }
        #expect(Set(claimed) == Set(Self.rows.map(\.key)))
    }

    @Test("Policies that nobody looks for now cannot be tried: that is said")
    func policiesOn() {
        var off = Configuration()
        off.sts.enabled = false
        #expect(!Service.isSimulated("sts.enabled", beside: off))
        #expect(!Service.isSimulated("sts.testing_validates_requiretls", beside: Configuration()))
    }

    @Test(
        "A name of the counts or of the queue leads to where its mail goes",
        arguments: [
            ("d.example", "d.example"), ("d.example:26", "d.example"), ("[192.0.2.1]", "[192.0.2.1]"),
            ("[192.0.2.1]:26", "[192.0.2.1]"), ("[IPv6:2001:db8::1]", "[2001:db8::1]"),
            ("[2001:db8::1]:26", "[2001:db8::1]"), ("via:[smart.example]:587", nil),
            ("(others)", nil), ("", nil),
        ] as [(String, String?)])
    func names(name: String, destination: String?) {
        #expect(Simulation.Terms(Configuration()).nextHop(named: name)?.destination == destination)
    }

    @Test("A recipients' domain leads where the rule says, and home without the rule")
    func route() throws {
        let text = "[[rule]]\ndestination = \"d.example\"\nnext_hop = \"[smart.example]:587\"\nreason = \"x\""
        let terms = Simulation.Terms(try Configuration.parse(text: text, file: "f"))
        #expect(terms.nextHop(named: "d.example")?.destination == "via:[smart.example]:587")
        #expect(Simulation.Terms(Configuration()).nextHop(named: "d.example")?.destination == "d.example")
    }

    @Test("A page is the first names of what was sent and of what waits, and no name is passed over")
    func pages() {
        let sent = ["(others)", "a", "c", "e", "g"].map { name in
            DeliverySum(name: name, levels: [.clear: DeliverySum.Count(messages: 2, recipients: 2)])
        }
        let waiting = ["b", "c", "h"].map { WaitingCount(destination: $0, recipients: 3) }
        let routed = ["a", "b", "i"].map { WaitingCount(destination: $0, recipients: 4) }
        for limit in 1...8 {
            var (seen, after, pages): ([String], String?, Int) = ([], nil, 0)
            while true {
                let behind = { (name: String) in after.map { name > $0 } ?? true }
                let (page, isLast) = Simulation.Seen.page(
                    sent: Array(sent.filter { behind($0.name) }.prefix(limit + 1)),
                    waiting: Array(waiting.filter { behind($0.destination) }.prefix(limit + 1)),
                    routed: Array(routed.filter { behind($0.destination) }.prefix(limit + 1)), limit: limit)
                #expect(page.count <= limit)
                seen += page.map { "\($0.name)\($0.messages)\($0.queued)" }
                pages += 1
                if isLast || pages > 9 { break }
                after = page.last?.name
            }
            #expect(seen == ["a24", "b07", "c23", "e20", "g20", "h03", "i04"], "\(limit) at once")
        }
    }

    @Test("A FIFO that is named as anchors is refused, and nobody waits for it", .timeLimit(.minutes(1)))
    func fifo() async throws {
        let folder = try PolicyFolder()
        let pipe = "\(folder.parent)/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        let query = SimulationQuery(configuration: "[tls]\nca_file = \"\(pipe)\"", file: "new.toml", days: 1)
        guard case .failure(let error) = await TriedConfiguration.read(query) else {
            Issue.record("it was taken")
            return
        }
        #expect(error.faults.map(\.key) == ["tls.ca_file"])
        #expect(error.faults.first?.problem.contains("is no file") == true)
    }

    @Test("One at a time: who comes second is told")
    func desk() async throws {
        try await QueueOrdersTests.serve { service in
            #expect(service.ground.simulations.begin())
            let query = SimulationQuery(configuration: "x = 1", file: "new.toml", days: 1)
            await #expect(throws: ControlRefusal.self) { try await service.simulate(query) }
            service.ground.simulations.end()
            for _ in 0..<2 {
                let page = try await service.simulate(query)
                #expect(!page.faults.isEmpty, "the place is given back")
            }
        }
    }

    @Test("What takes longer than it may is cancelled, and told from what ended", .timeLimit(.minutes(5)))
    func limit() async throws {
        let loop = try Loop(name: "test")
        try loop.start()
        defer { loop.shutdown() }
        let latch = Latch<Int>()
        let late = await loop.run(within: .milliseconds(20)) { await latch.wait() }
        #expect(late == nil)
        let done = await loop.run(within: .seconds(300)) { 7 }
        #expect(done == 7)
    }
}
