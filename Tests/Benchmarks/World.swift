import Glibc
import Mail
import Relay
import Synchronization

/// Domains with two MX hosts, DANE and an MTA-STS policy in mode enforce, and nobody to ask about them but this.
final class World: Sendable {
    let hops: [NextHop]
    let finder: DecisionFinder
    private let counter: Counter

    /// Lookups and fetches made.
    var lookups: Int { counter.value.load(ordering: .relaxed) }

    private final class Counter: Sendable {
        let value = Atomic<Int>(0)
        func count() { value.add(1, ordering: .relaxed) }
    }

    init(domains: Int, rules: Int) throws {
        hops = try (0..<domains).map { NextHop(.domain(try DomainName("customer-\($0).example"))) }
        let counter = Counter()
        self.counter = counter
        let routes = RouteFinder(settings: RouteSettings()) { question in
            counter.count()
            return Self.answer(question)
        }
        let policies = PolicyFinder(
            fetcher: PolicyFetcher(
                record: { _ in
                    counter.count()
                    return (.found(id: "20270101"), 3600)
                },
                policy: { domain in
                    counter.count()
                    return .text(
                        Array("version: STSv1\r\nmode: enforce\r\nmx: *.\(domain)\r\nmax_age: 604800\r\n".utf8))
                }),
            store: nil, settings: STSSettings(), isEnabled: true, firstWait: .seconds(60),
            clock: { WallTime(seconds: Int64(time(nil))) }, log: nil)
        finder = DecisionFinder(
            routes: routes, policies: policies, settings: PolicySettings(rules: try Self.rules(rules, domains)))
    }

    /// Half of them for domains mail goes to, the rest for others; none changes what DANE and MTA-STS demand.
    private static func rules(_ count: Int, _ domains: Int) throws -> RuleTable {
        RuleTable(
            try (0..<count).map { number in
                let isOurs = number.isMultiple(of: 2)
                let name = isOurs ? "customer-\(number / 2 % domains).example" : "other-\(number).example"
                var settings = HostRule(labels: ["rule \"\(name)\""])
                settings.demand = HostRule.Demand(level: .encrypted, label: "rule \"\(name)\"")
                return Rule(
                    destination: number % 4 == 3 ? .below(try DomainName(name)) : .exactly(try DomainName(name)),
                    host: nil, settings: settings)
            })
    }

    static func isRight(_ decision: PolicyDecision) -> Bool {
        decision.hosts.count == 2
            && decision.hosts.allSatisfy { host in
                guard case .use(let requirement) = host.decision else { return false }
                return requirement.level == .authenticated && requirement.dane != nil && host.stsMatch == true
            }
    }

    private static func answer(_ question: Question) -> Answer {
        let name = question.name.text
        switch question.type {
        case .mx: return secure(question, [mx(10, "mx1.\(name)"), mx(20, "mx2.\(name)")])
        case .a: return secure(question, [[9, 9, 9, name.hasPrefix("mx1") ? 1 : 2]])
        case .aaaa: return Answer(question, .noData, .secure, timeToLive: 3600)
        case .tlsa:
            return secure(
                question, [[3, 1, 1] + Array(repeating: 0xA5, count: 32), [2, 1, 1] + Array(repeating: 7, count: 32)])
        default: return Answer(question, .noData, .secure, timeToLive: 3600)
        }
    }

    private static func secure(_ question: Question, _ records: [[UInt8]]) -> Answer {
        Answer(question, .records(records), .secure, timeToLive: 3600)
    }

    private static func mx(_ preference: UInt8, _ host: String) -> [UInt8] {
        [0, preference] + host.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }
}
