public import Mail
public import Net

extension Configuration {
    /// One `[[intake.listener]]` as it stands in the file.
    public struct WrittenListener: Sendable, Equatable {
        public var listen: [ListenPoint] = []
        public var name: String?
        public var `protocol` = IntakeProtocol.smtp
        public var role = ListenerRole.relay
        public var tls = ListenerTLS.offered
        public var acknowledge = Acknowledgement.queued
        public var acknowledgeTimeout = IntakeListener.defaultAcknowledgeTimeout
        /// Nil: those of `intake.networks`.
        public var networks: [IPNetwork]?
        public var auth = true
        public var socketMode = IntakeListener.defaultSocketMode
        public var socketGroup: String?
        public var tlsCertificate: String?
        public var tlsKey: String?

        public init() {}

        /// One that relayd makes itself is among its points.
        var hasUnixSocket: Bool { listen.contains { if case .unix = $0 { true } else { false } } }
    }
}

extension Configuration.Intake {
    /// Every listener: one for each point of `listen`, with all at its default, and one for each table.
    public var resolvedListeners: [IntakeListener] {
        listen.map { point in
            var plain = Configuration.WrittenListener()
            plain.listen = [point]
            return resolved(plain)
        } + listeners.map(resolved)
    }

    /// The TCP addresses among all points, those of inherited sockets being unknown.
    public var addresses: [SocketAddress] {
        points.compactMap { if case .address(let address) = $0 { address } else { nil } }
    }

    /// All points of all listeners, in the order of the file.
    public var points: [ListenPoint] {
        listen + listeners.flatMap(\.listen)
    }

    private func resolved(_ written: Configuration.WrittenListener) -> IntakeListener {
        let hasOwn = written.tlsCertificate != nil
        let certificate = hasOwn ? written.tlsCertificate : tlsCertificate
        var tls = written.tls
        if tls == .offered, certificate == nil { tls = .none }
        if tls == .offered, written.role == .submission { tls = .required }
        return IntakeListener(
            points: written.listen, name: written.name ?? written.listen.map(\.description).joined(separator: ","),
            protocol: written.protocol, role: written.role, tls: tls, acknowledgement: written.acknowledge,
            acknowledgeTimeout: written.acknowledgeTimeout, networks: written.networks ?? networks,
            offersAuth: written.auth && usersFile != nil, socketMode: written.socketMode,
            socketGroup: written.socketGroup, certificatePath: certificate, keyPath: hasOwn ? written.tlsKey : tlsKey)
    }
}
