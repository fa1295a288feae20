@testable import Mail

/// One mail of a corpus flow, from TXT and policy host to the last word before its envelope: by the code of a delivery.
struct FlowDelivery {
    enum Fate: Equatable {
        /// Passed over before connecting.
        case skipped(Reason.Cause)
        case refused(Reason.Cause)
        case delivered(VerifiedLevel)
        case deliveredInClear
    }

    /// By host, in order.
    private(set) var fates: [(host: String, fate: Fate)] = []
    private(set) var results: [PolicyResult] = []
    /// Of all hosts together, where none took the mail.
    private(set) var isPermanent = false
    let sts: STSFacts

    var deliveredTo: String? {
        fates.first {
            switch $0.fate {
            case .delivered, .deliveredInClear: true
            case .skipped, .refused: false
            }
        }?.host
    }

    /// True where somebody is connected to.
    var isConnected: Bool { fates.contains { if case .skipped = $0.fate { false } else { true } } }

    init(_ steps: [JSONValue], sts: STSFacts, settings: PolicySettings = PolicySettings()) {
        self.sts = sts
        func step(_ names: String...) -> JSONValue? {
            steps.lazy.compactMap { s in names.lazy.compactMap { s[$0] }.first }.first
        }
        var settings = settings
        if step("local_minimum", "local_policy") != nil {
            let demand = DecisionWorld.demand(.authenticated, by: [.mtaSTS])
            let rule = DecisionWorld.rule("rule \"*\"") { $0.demand = demand }
            settings.rules = RuleTable([Rule(destination: .any, host: nil, settings: rule)])
        }
        let mx = step("mx")
        let named = mx?.text.map { [$0] } ?? mx?.list.compactMap { $0.list.last?.text } ?? []
        let hosts = named.isEmpty ? [Self.listed(sts)] : named
        // None of these sources has signed zones.
        var view: DNSView = ["\(STSWorld.domain) MX": .insecure(hosts.enumerated().map { "\($0 + 10) \($1)" })]
        for host in hosts { view["\(host) A"] = .insecure("192.0.2.1") }
        let demand: MessageDemand = step("message")?.text == "REQUIRETLS" ? .requireTLS : .ordinary
        guard let facts = searchRoute(NextHop(.domain(STSWorld.domain)), view).facts else { return }
        let decision = PolicyDecision(PolicyInputs(facts: facts, sts: sts, demand: demand, settings: settings))
        let offer = step("mx_offers", "remote", "tls")?.text ?? "STARTTLS"
        var failures = AttemptFailures()
        for host in decision.hosts {
            let name = "\(host.host.host)"
            switch host.decision {
            case .skip(let reason, let results):
                fates.append((name, .skipped(reason.cause)))
                self.results += results
                failures.note(reason, isPermanent: nil)
            case .use(let requirement):
                let verdict = TLSVerdict.compare(
                    requirement, Self.evidence(offer, domainName(name)), fallback: .afterRetry,
                    attempt: AttemptState(number: 1))
                self.results += verdict.results
                switch verdict {
                case .proceed(let level, _):
                    if let cause = Self.keywordMissing(requirement, offer) {
                        fates.append((name, .refused(cause)))
                        failures.note(Reason(cause, ""), isPermanent: nil)
                    } else {
                        fates.append((name, .delivered(level)))
                    }
                case .fallBack: fates.append((name, .deliveredInClear))
                case .refuse(let reason, _):
                    fates.append((name, .refused(reason.cause)))
                    failures.note(reason, isPermanent: nil)
                }
            }
        }
        isPermanent = deliveredTo == nil && failures.summary.isPermanent
    }

    /// A host of the policy's list, where a flow names none.
    private static func listed(_ sts: STSFacts) -> String {
        let pattern = sts.held?.policy.patterns.first?.description ?? "mx.example.com"
        return pattern.replacing("*", with: "mx")
    }

    private static func evidence(_ offer: String, _ host: DomainName) -> PeerEvidence {
        switch offer {
        case "not offered", "no STARTTLS", "no STARTTLS offered": .startTLSNotOffered
        case "certificate not trusted by the client":
            DecisionWorld.session(.unverified, webPKI: .failed(.notTrusted, "self-signed certificate"))
        case let words where words.contains("TLS 1.1 only"):
            .handshakeFailed(HandshakeFailure(.negotiation, text: "unsupported protocol"))
        default: DecisionWorld.session(.unverified, webPKI: .trusted(name: host))
        }
    }

    /// INT-12: what the SMTP client does after the EHLO reply inside TLS.
    private static func keywordMissing(_ requirement: TLSRequirement, _ offer: String) -> Reason.Cause? {
        guard requirement.requireTLS == .demanded else { return nil }
        guard var client = try? ClientDriver(level: requirement.level, requireTLS: .demanded) else {
            return .localFailure
        }
        let command = client.secureHello(offer.contains("REQUIRETLS") ? ["REQUIRETLS"] : [])
        if command.hasPrefix("MAIL FROM:"), command.hasSuffix(" REQUIRETLS") { return nil }
        _ = client.reply("221 bye")
        return client.finished?.failure?.cause ?? .protocolError
    }
}
