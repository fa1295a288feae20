public import Mail
import Net
import TLS

/// `relayctl probe`: connects to every address of every host of a domain, and sets what each showed beside what it must show.
public struct Probe: Sendable {
    let policy: LocalPolicy
    let configuration: Configuration
    /// For each step of a connection.
    let step: Duration
    /// Told after each address how many are done, of how many.
    let progress: @Sendable (Int, Int) -> Void
    let addressLimit: Int

    /// Connections at once: a domain's hosts are few, and it is a look, not a load.
    static let connectionsAtOnce = 8
    /// Addresses of one domain that are tried; the rest are listed.
    public static let addressLimit = 100

    public init(
        _ policy: LocalPolicy, configuration: Configuration, step: Duration, addressLimit: Int = Self.addressLimit,
        progress: @escaping @Sendable (Int, Int) -> Void
    ) {
        self.policy = policy
        self.configuration = configuration
        self.step = step
        self.addressLimit = addressLimit
        self.progress = progress
    }

    /// One address of one host.
    private struct Target: Sendable {
        let place: Int
        let host: HostPolicy
        let address: IPAddress
    }

    /// - Parameter only: the one host that is looked at; nil for all. The document holds no others.
    public func run(only: DomainName? = nil) async throws(ServiceError) -> PolicyDocument {
        let loop: Loop
        do throws(Errno) {
            loop = try Loop(name: "probe")
            try loop.start()
        } catch {
            throw ServiceError.system("no event loop can be started: \(error)")
        }
        defer { loop.shutdown() }
        let terms = try terms()
        let hosts = policy.decision.hosts.filter { only == nil || $0.host.host.name == only }
        var document = policy.document
        document.hosts = document.hosts.filter { only == nil || $0.host == only?.text }
        let attempts = await loop.task { await self.attempts(at: hosts, terms, on: loop) }.value
        for (place, found) in zip(document.hosts.indices, attempts) { document.hosts[place].attempts = found }
        document.judgeByAttempts()
        return document
    }

    private func terms() throws(ServiceError) -> ProbeConnection.Terms {
        let hostname = try ServiceParts.hostname(configuration)
        do throws(TLSError) {
            return ProbeConnection.Terms(
                hostname: hostname,
                // As a delivery does: which digests count is decided before, by the records of the requirement.
                tls: ClientWire.Security(
                    contexts: try ClientContexts(), trust: TrustStores(), identities: ClientIdentities()),
                fallback: configuration.tls.opportunisticFallback,
                security: policy.route?.implicitTLS == true ? .implicitTLS : .startTLS, step: step)
        } catch {
            throw ServiceError.tls(error.text)
        }
    }

    /// For each of `hosts`, in order, one attempt for each address, in the resolver's order.
    private func attempts(
        at hosts: [HostPolicy], _ terms: ProbeConnection.Terms, on loop: Loop
    ) async -> [[PolicyDocument.Attempt]] {
        let targets = hosts.flatMap { host in host.host.addresses.addresses.map { (host, $0) } }.enumerated().map {
            Target(place: $0.offset, host: $0.element.0, address: $0.element.1)
        }
        var found: [Int: PolicyDocument.Attempt] = [:]
        await withTaskGroup(of: (Int, PolicyDocument.Attempt).self) { group in
            var open = targets.makeIterator()
            var running = 0
            while true {
                while running < Self.connectionsAtOnce, let target = open.next() {
                    running += 1
                    group.addTask { (target.place, await attempt(at: target, terms, on: loop)) }
                }
                guard let (place, attempt) = await group.next() else { break }
                running -= 1
                found[place] = attempt
                progress(found.count, targets.count)
            }
        }
        var places = targets.indices.makeIterator()
        return hosts.map { host in
            host.host.addresses.addresses.compactMap { _ in places.next().flatMap { found[$0] } }
        }
    }

    private func attempt(
        at target: Target, _ terms: ProbeConnection.Terms, on loop: Loop
    ) async -> PolicyDocument.Attempt {
        if target.place >= addressLimit {
            return .init(
                target.address, target.host, unreachable: "not tried: the first \(addressLimit) are enough")
        }
        if target.address.family == .ipv6, !configuration.delivery.ipv6 {
            return .init(target.address, target.host, unreachable: "not tried: delivery.ipv6 is off")
        }
        let began = Deadline.now
        let requirement =
            target.host.decision.requirement ?? .forInformation(target.host.host, policy.decision.inputs)
        do throws(SocketError) {
            let finding = try await look(target, requirement, terms, on: loop)
            var picture: ProbeConnection.Finding?
            if case .handshakeFailed(let failure)? = finding.evidence, case .verification = failure.kind {
                // Refused within the handshake: once more, to see what it was that did not pass.
                picture = try? await look(target, requirement.recording, terms, on: loop)
            }
            return .init(
                target.address, target.host, finding, picture: picture, milliseconds: began.elapsedMilliseconds)
        } catch {
            let why =
                switch error {
                case .expired: "no connection within \(step.components.seconds) s"
                case .system(let errno): "cannot connect: \(errno)"
                default: "cannot connect: \(error)"
                }
            return .init(target.address, target.host, unreachable: why, milliseconds: began.elapsedMilliseconds)
        }
    }

    private func look(
        _ target: Target, _ requirement: TLSRequirement, _ terms: ProbeConnection.Terms, on loop: Loop
    ) async throws(SocketError) -> ProbeConnection.Finding {
        let port = policy.decision.inputs.facts.nextHop.port
        guard let place = SocketAddress(octets: target.address.octets, port: port) else { throw .closed }
        let family = target.address.family
        let source = configuration.delivery.sourceAddress(target.host.rule.source(for: family), for: family)
        let stream = try await Net.Stream.connect(to: place, from: source, on: loop, until: .after(step))
        defer { stream.close() }
        return await ProbeConnection(stream, requirement: requirement, terms: terms).run()
    }
}
