import Mail
import Net
import Synchronization

/// What all sessions of the intake share about their clients: who may do what, who did how much, and how much is in flight.
/// Safe from any thread.
final class IntakeGate: Sendable {
    private let configuration: Configuration.Intake
    private let clients: IntakeClients
    private let tally: Tally
    let room: Room
    let memory: ContentMemory

    /// What is counted, whatever the limits are.
    private final class Tally: Sendable {
        let ledger = Mutex(ClientLedger())
        let open = Atomic<Int>(0)
        let telling = Mutex(Telling())
    }

    init(_ configuration: Configuration.Intake, room: Room) {
        self.configuration = configuration
        self.clients = IntakeClients(configuration)
        self.room = room
        self.memory = ContentMemory(limit: configuration.contentMemory)
        tally = Tally()
    }

    /// Other limits upon the same counts: whoever is in stays in, and what was spent stays spent.
    init(_ configuration: Configuration.Intake, succeeding before: IntakeGate) {
        self.configuration = configuration
        self.clients = IntakeClients(configuration)
        room = before.room
        memory = before.memory
        tally = before.tally
    }

    // MARK: Connections

    /// Counts a connection of whomever; false where the limit for all is reached, and it is not counted.
    func enter() -> Bool {
        if tally.open.add(1, ordering: .relaxed).newValue <= configuration.connectionLimit { return true }
        tally.open.subtract(1, ordering: .relaxed)
        return false
    }

    func leave() { tally.open.subtract(1, ordering: .relaxed) }

    /// So many of the places are taken that slow clients get less time (`intake.stress_percent`).
    var isUnderStress: Bool {
        tally.open.load(ordering: .relaxed) * 100 > configuration.connectionLimit * configuration.stressPercent
    }

    /// Between two looks at whether there is stress.
    var patience: Duration { configuration.stressTimeout }

    /// How long a client may take for its next command.
    var commandTimeout: Duration {
        isUnderStress ? min(configuration.stressTimeout, configuration.commandTimeout) : configuration.commandTimeout
    }

    /// How long a client may pause within content.
    var dataTimeout: Duration {
        isUnderStress ? min(configuration.stressTimeout, configuration.dataTimeout) : configuration.dataTimeout
    }

    /// Octets over which `intake.minimum_data_rate` is measured: a fast start earns no slow end.
    static let dataWindow = 1_000_000

    /// How long a client may be waited for within a window of ``dataWindow`` octets, of which it has sent `count`: whoever
    /// sends less than `intake.minimum_data_rate` is too slow, however short its pauses are.
    func dataAllowance(_ count: Int) -> Duration {
        configuration.dataTimeout
            + .milliseconds(Int64(count % Self.dataWindow) * 1000 / Int64(configuration.minimumDataRate))
    }

    /// Counts a connection of `peer`, where its own limits let it in.
    /// - Returns: the limit it ran into; nil where it is in, until ``closed(_:)``.
    func opened(_ peer: Peer, _ client: IntakeClient) -> ServerSession.ConnectionLimit? {
        let key = ClientLedger.Key(peer)
        return tally.ledger.withLock { ledger in
            let now = Int64.now
            if ledger.openConnections(of: key) >= client.connections { return .client }
            guard ledger.opened(key, at: now) else { return .all }
            if ledger.admits(.connection, of: key, under: client.limits, at: now) { return nil }
            ledger.closed(key, at: now)
            return .rate
        }
    }

    func closed(_ peer: Peer) {
        tally.ledger.withLock { $0.closed(ClientLedger.Key(peer), at: .now) }
    }

    /// Lines of the log about refused connections, a second: a flood of them must not fill the disk.
    static let refusalLines = 10

    private struct Telling {
        var second: UInt64 = 0
        var count = 0
    }

    /// A refused connection may be told of in the log.
    func mayTell() -> Bool {
        let second = Deadline.now.nanoseconds / 1_000_000_000
        return tally.telling.withLock { telling in
            if telling.second != second { telling = Telling(second: second) }
            telling.count += 1
            return telling.count <= Self.refusalLines
        }
    }

    // MARK: What a client may do

    /// What holds for a client, by all that is known of it now.
    func client(_ peer: Peer, user: String? = nil, certificate: ClientCertificate? = nil) -> IntakeClient {
        clients.limits(for: peer, user: user, certificate: certificate)
    }

    /// The same in the words of the session.
    func terms(
        _ peer: Peer, user: String? = nil, certificate: ClientCertificate? = nil, at listener: IntakeListener
    ) -> ClientTerms {
        let client = client(peer, user: user, certificate: certificate)
        return ClientTerms(
            mayRelay: user != nil || isKnown(certificate) || isInside(peer, listener),
            mayForward: peer.lies(in: configuration.xforwardNetworks), senderDomains: client.senderDomains,
            refusal: client.refusal)
    }

    /// The rights of a Unix socket's file are the operator's word on who may connect.
    private func isInside(_ peer: Peer, _ listener: IntakeListener) -> Bool {
        switch peer {
        case .address: peer.lies(in: listener.networks)
        case .local: listener.role == .relay
        }
    }

    private func isKnown(_ certificate: ClientCertificate?) -> Bool {
        guard let certificate else { return false }
        if certificate.isVerified { return true }
        return configuration.clientFingerprints.contains { $0.octets == certificate.fingerprint }
    }

    // MARK: Messages

    /// The limit of the whole server that is reached.
    private var shortage: IntakeCapacity.Shortage? {
        room.shortage ?? (memory.isFull ? .memory : nil)
    }

    /// What can be taken now from a client with these limits.
    func capacity(_ account: Account) -> IntakeCapacity {
        var capacity = IntakeCapacity(octets: room.now, shortage: shortage)
        capacity.isSpacePromised = room.isSpacePromised
        guard account.hasRates else { return capacity }
        let allowance = tally.ledger.withLock { $0.allowance(of: account.key, under: account.limits, at: .now) }
        capacity.messages = allowance.messages ?? .max
        capacity.recipients = allowance.recipients ?? .max
        return capacity
    }

    /// A message of so many recipients begins to come in.
    func spend(_ recipients: Int, by account: Account) {
        guard account.hasRates else { return }
        tally.ledger.withLock { ledger in
            let now = Int64.now
            _ = ledger.admits(.message, of: account.key, under: account.limits, at: now)
            // As many as are left, where other sessions of the client spent some meanwhile.
            let left = ledger.allowance(of: account.key, under: account.limits, at: now).recipients ?? recipients
            _ = ledger.admits(.recipients(min(left, recipients)), of: account.key, under: account.limits, at: now)
        }
    }

    /// Whose rates are counted, and which they are: a user's own where somebody is logged in, else the client's.
    struct Account: Sendable {
        let key: ClientLedger.Key
        let limits: ClientLimits
        /// Of the `[[intake.client]]` that holds; nil where none does, or it has none.
        let name: String?
        var hasRates: Bool { limits.messages != nil || limits.recipients != nil }

        init(_ peer: Peer, user: String?, _ client: IntakeClient) {
            key = user.map(ClientLedger.Key.user) ?? ClientLedger.Key(peer)
            limits = client.limits
            name = client.name
        }
    }

    // MARK: Logins

    /// A login failed. How long its answer has to wait.
    func failedLogin(_ peer: Peer) -> Duration {
        .milliseconds(tally.ledger.withLock { $0.failedLogin(of: ClientLedger.Key(peer), at: .now) })
    }

    func succeededLogin(_ peer: Peer) {
        tally.ledger.withLock { $0.succeededLogin(of: ClientLedger.Key(peer)) }
    }
}

extension Peer {
    func lies(in networks: [IPNetwork]) -> Bool {
        guard let address else { return false }
        return networks.contains { $0.contains(address) }
    }
}

extension IntakeClient {
    var limits: ClientLimits {
        ClientLimits(connections: connectionRate, messages: messageRate, recipients: recipientRate)
    }
}

extension Int64 {
    /// Milliseconds of the monotonic clock.
    fileprivate static var now: Int64 { Int64(clamping: Deadline.now.nanoseconds / 1_000_000) }
}
