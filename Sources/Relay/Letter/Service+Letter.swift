import FlyingFox
import Mail
import Net
import Store

/// Letters to postmasters: by the present decision, a fresh look at the hosts, and what waits in the queue.
extension Service {
    /// For each step of a connection: the hosts are looked at while somebody waits.
    private static let letterStep: Duration = .seconds(10)
    /// Addresses of one domain that are looked at.
    private static let letterAddresses = 16
    /// Messages of the queue that are counted for a letter.
    private static let letterMessages = 1_000
    /// Of these, the oldest, whose attempts are read.
    private static let letterDetails = 20

    /// - Parameter key: a queue id, or a domain.
    public func letter(_ key: String) async throws -> LetterView {
        guard ground.letters.begin() else {
            throw ControlRefusal(
                .serviceUnavailable, "busy", "other letters are being written", "Ask again in a minute")
        }
        defer { ground.letters.end() }
        let domain = try await letterDomain(key)
        let nextHop = routing.nextHop(for: .name(domain))
        if let route = routing.route(to: nextHop) {
            throw Self.nothingToComplain(
                "mail for \(domain) goes to \(route.nextHop), by \(route.label): whatever is wrong there is between you "
                    + "and who runs it")
        }
        // An exception of ours does not mend what is wrong there.
        let decision = await decisions.withoutExceptions.decision(for: nextHop, demand: .ordinary, isCounted: false)
        if let obstacle = decision.inputs.facts.obstacle, obstacle.cause != .dnsBogus {
            throw Self.nothingToComplain("\(domain) cannot be judged: \(obstacle.detail)")
        }
        let policy = LocalPolicy(domain: domain, route: nil, decision: decision, tlsrpt: nil)
        let document = try await Probe(
            policy, configuration: configuration, step: Self.letterStep, addressLimit: Self.letterAddresses
        ) { _, _ in }.run()
        let contact = configuration.tlsrpt.contact ?? .postmaster(at: hostname)
        guard
            let letter = Letter(
                document, hostname: hostname.text, contact: contact.description, now: Self.clock(),
                waiting: try await waiting(for: nextHop.destination))
        else {
            throw Self.nothingToComplain(
                "nothing at \(domain) breaks its own policies as far as can be seen: \(document.because)")
        }
        return LetterView(letter)
    }

    private static func nothingToComplain(_ words: String) -> ControlRefusal {
        ControlRefusal(.notFound, LetterView.nothingCode, words, "See relayctl policy and relayctl probe")
    }

    /// Of a message, the domain that policies keep it from; else the first it is for.
    private func letterDomain(_ key: String) async throws -> DomainName {
        guard let id = QueueID(key) else { return try ControlParameters.domainName(key) }
        guard let detail = try await store.show(id) else {
            throw ControlRefusal(
                .notFound, "no-such-message", "no message in the queue has the id \(id)",
                "It may have been delivered or returned: relayctl trace \(id) tells what became of it")
        }
        let open = detail.recipients.map(\.recipient).filter { $0.state == .due || $0.state == .held }
        let kept = open.first { $0.lastOutcome?.reason?.cause.isTLSPolicy == true } ?? open.first
        guard case .name(let domain)? = kept?.mailbox.domain else {
            throw Self.nothingToComplain("the message \(id) waits for no domain")
        }
        return domain
    }

    private func waiting(for destination: String) async throws(StoreError) -> Letter.Waiting? {
        let entries = try await store.list(
            QueueFilter(destination: destination), after: nil, limit: Self.letterMessages)
        guard !entries.isEmpty else { return nil }
        var waiting = Letter.Waiting(messages: entries.count, isAtLeast: entries.count == Self.letterMessages)
        for entry in entries.prefix(Self.letterDetails) {
            guard let detail = try await store.show(entry.message.id) else { continue }
            for one in detail.recipients.map(\.recipient) where one.destination == destination {
                waiting.since = [waiting.since, one.policyFailureSince].compactMap { $0 }.min()
                waiting.last = [waiting.last, one.lastAttempt].compactMap { $0 }.max()
            }
        }
        return waiting
    }
}
