/// Finds MX hosts, their addresses and their TLSA records for one next hop: yields questions, is fed answers.
///
/// It never waits: `start`, then `handle` for each answer in any order, until ``result`` is set. Questions that are
/// handed out together may be asked in parallel. Each question is handed out once, so their number is bounded: one for
/// MX, and at most five for each of at most ``RecordLimits/mx`` hosts.
public struct RouteSearch: Sendable {
    public let nextHop: NextHop
    public let settings: RouteSettings
    /// Set when no question is left.
    public private(set) var result: DestinationFacts?

    private var mx: MXFacts?
    private var hosts: [HostProgress] = []
    private var answers: [Question: Answer] = [:]
    /// Who waits for an answer: places in `hosts`.
    private var waiting: [Question: Set<Int>] = [:]
    private var mxQuestion: Question?
    private var timeToLive = UInt32.max

    private enum HostProgress: Sendable {
        case searching(HostSearch)
        case found(HostFacts)
    }

    public init(for nextHop: NextHop, settings: RouteSettings) {
        self.nextHop = nextHop
        self.settings = settings
    }

    /// The first questions; none where the next hop needs no DNS, then ``result`` is set at once. Call it once.
    public mutating func start() -> [Question] {
        guard mx == nil, mxQuestion == nil else { return [] }
        switch nextHop.target {
        case .domain(let domain):
            // RFC 5321 §5.1: MX first, whatever else there is (MX-01).
            let question = Question(domain, .mx)
            mxQuestion = question
            return [question]
        case .host(let host):
            // RFC 7672 §2.2.2: a host named by the operator is not subject to MX resolution.
            mx = MXFacts(lookup: .notQueried, security: nil)
            hosts = [.searching(search(host, preference: 0))]
            return proceed([0])
        case .address(let address):
            mx = MXFacts(lookup: .notQueried, security: nil)
            hosts = [.found(literal(address))]
            return proceed([])
        }
    }

    /// Takes one answer and yields what must be asked next. An answer to a question that is not open is dropped: it is
    /// late, a duplicate, or somebody else's.
    public mutating func handle(_ answer: Answer) -> [Question] {
        if let question = mxQuestion, question == answer.question {
            mxQuestion = nil
            timeToLive = min(timeToLive, answer.timeToLive)
            return readMX(answer)
        }
        guard let places = waiting.removeValue(forKey: answer.question) else { return [] }
        timeToLive = min(timeToLive, answer.timeToLive)
        answers[answer.question] = answer
        return proceed(places.sorted())
    }

    private mutating func readMX(_ answer: Answer) -> [Question] {
        let facts = MXFacts(reading: answer)
        mx = facts
        switch facts.lookup {
        case .records(let records):
            hosts = candidates(records, facts)
        case .implicit:
            // RFC 5321 §5.1: the domain is its own host. Its own name, not the expanded one: it is the name that the
            // address lookup starts from, and the one that DANE-39 keeps as a reference identifier.
            if case .domain(let domain) = nextHop.target {
                let isOurs = checksForLoops && settings.ourNames.contains(domain)
                hosts = [
                    isOurs ? .found(excluded(.name(domain), 0, .ourselves)) : .searching(search(domain, preference: 0))
                ]
            }
        case .null, .noSuchDomain, .failed, .notQueried:
            // Nothing to be asked: RFC 7505 §3 (MX-12), MX-03, and no fallback to addresses (RFC 5321 §5.1, MX-05).
            hosts = []
        }
        return proceed(Array(hosts.indices))
    }

    /// The hosts of the MX records, those excluded by their names alone already settled.
    private func candidates(_ records: [MXRecord], _ facts: MXFacts) -> [HostProgress] {
        let ownLevel = records.filter { record in
            if case .host(.name(let name)) = record.exchange { settings.ourNames.contains(name) } else { false }
        }.map(\.preference).min()
        return records.compactMap { record -> HostProgress? in
            guard case .host(let host) = record.exchange else { return nil }
            guard case .name(let name) = host else {
                return .found(excluded(host, record.preference, .notAHostName))
            }
            // RFC 5321 §5.1: our own level and all that are worse are dropped (MX-09), so nothing is asked for them.
            if let ownLevel, record.preference >= ownLevel {
                let isOurs = settings.ourNames.contains(name)
                return .found(excluded(host, record.preference, isOurs ? .ourselves : .behindOurselves))
            }
            return .searching(search(name, preference: record.preference))
        }
    }

    /// Lets the hosts at `places` go on with the answers there are, and completes the facts when all are done.
    private mutating func proceed(_ places: [Int]) -> [Question] {
        var questions: [Question] = []
        for place in places where hosts.indices.contains(place) {
            guard case .searching(let search) = hosts[place] else { continue }
            switch search.progress(answers) {
            case .found(let facts):
                hosts[place] = .found(facts)
            case .asks(let missing):
                for question in missing {
                    // Two hosts may share a question: aliases with one target have one TLSA candidate.
                    if waiting[question] == nil { questions.append(question) }
                    waiting[question, default: []].insert(place)
                }
            }
        }
        finish()
        return questions
    }

    private mutating func finish() {
        guard result == nil, let mx, waiting.isEmpty else { return }
        let found = hosts.compactMap { progress -> HostFacts? in
            if case .found(let facts) = progress { facts } else { nil }
        }
        result = DestinationFacts(
            nextHop: nextHop, mx: mx, hosts: droppingOwnLevel(found), timeToLive: timeToLive)
    }

    /// MX-09 for our addresses, which are only known now (RFC 5321 §5.1).
    private func droppingOwnLevel(_ found: [HostFacts]) -> [HostFacts] {
        guard checksForLoops else { return found }
        let ours = { (host: HostFacts) in
            (host.addresses.addresses + host.addresses.refused).contains(where: settings.ourAddresses.contains)
        }
        guard let ownLevel = found.filter(ours).map(\.preference).min() else { return found }
        return found.map { host in
            guard host.preference >= ownLevel, host.exclusion == nil else { return host }
            return HostFacts(
                host: host.host, preference: host.preference, addresses: host.addresses, tlsa: host.tlsa,
                exclusion: ours(host) ? .ourselves : .behindOurselves)
        }
    }

    /// A host the operator named may be this machine: another port of it, say. A host that MX records name may not.
    private var checksForLoops: Bool {
        !nextHop.isConfigured || !(mx?.records.isEmpty ?? true)
    }

    private func search(_ host: DomainName, preference: UInt16) -> HostSearch {
        let isOptional = mx?.security == .insecure
        return HostSearch(
            host: host, preference: preference, port: nextHop.port,
            loopbackAllowed: settings.loopbackAllowed || nextHop.isConfigured,
            daneApplies: !isOptional || settings.daneForInsecureMX)
    }

    private func literal(_ address: IPAddress) -> HostFacts {
        let allowed = address.unreachable(loopbackAllowed: settings.loopbackAllowed || nextHop.isConfigured) == nil
        let addresses = AddressFacts(
            lookup: .notQueried, addresses: allowed ? [address] : [], refused: allowed ? [] : [address])
        // RFC 7672 §2.2: DANE needs a name (MX-14).
        return HostFacts(
            host: .address(address), preference: 0, addresses: addresses, tlsa: .notQueried("an address has no name"))
    }

    private func excluded(_ host: MXHost, _ preference: UInt16, _ exclusion: HostFacts.Exclusion) -> HostFacts {
        HostFacts(
            host: host, preference: preference, addresses: .notQueried, tlsa: .notQueried("the host is not used"),
            exclusion: exclusion)
    }
}
