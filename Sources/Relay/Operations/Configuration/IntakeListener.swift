public import Mail

/// A listener of the intake with everything decided: what a `[[intake.listener]]` table leaves out is filled in from
/// `[intake]`.
public struct IntakeListener: Sendable, Hashable {
    /// Never empty.
    public var points: [ListenPoint]
    /// For logs: as configured, else its points joined by commas.
    public var name: String
    public var `protocol`: IntakeProtocol
    public var role: ListenerRole
    /// ``ListenerTLS/none`` where STARTTLS would be offered and there is no certificate; ``ListenerTLS/required`` where the role
    /// demands it.
    public var tls: ListenerTLS
    public var acknowledgement: Acknowledgement
    /// How long the last reply may wait for the next hop's, with ``Acknowledgement/delivered``.
    public var acknowledgeTimeout: Duration
    /// Clients that may relay by their address alone; empty for none.
    public var networks: [IPNetwork]
    /// AUTH is offered: the operator wants it here, and there is a file of users.
    public var offersAuth: Bool
    /// Rights of the Unix sockets among ``points``: nine bits.
    public var socketMode: UInt32
    /// Their group, by its name; nil leaves that of the process.
    public var socketGroup: String?
    /// PEM files; both or none.
    public var certificatePath: String?
    public var keyPath: String?

    public init(
        points: [ListenPoint], name: String, protocol: IntakeProtocol = .smtp, role: ListenerRole = .relay,
        tls: ListenerTLS = .offered, acknowledgement: Acknowledgement = .queued,
        acknowledgeTimeout: Duration = IntakeListener.defaultAcknowledgeTimeout, networks: [IPNetwork] = [],
        offersAuth: Bool = false, socketMode: UInt32 = IntakeListener.defaultSocketMode, socketGroup: String? = nil,
        certificatePath: String? = nil, keyPath: String? = nil
    ) {
        self.points = points
        self.name = name
        self.protocol = `protocol`
        self.role = role
        self.tls = tls
        self.acknowledgement = acknowledgement
        self.acknowledgeTimeout = acknowledgeTimeout
        self.networks = networks
        self.offersAuth = offersAuth
        self.socketMode = socketMode
        self.socketGroup = socketGroup
        self.certificatePath = certificatePath
        self.keyPath = keyPath
    }

    public static let defaultAcknowledgeTimeout = Duration.seconds(240)
    /// Owner and group may connect.
    public static let defaultSocketMode: UInt32 = 0o660
}

/// The words of a listener are those of its sessions.
public typealias IntakeProtocol = ServerSession.SpokenProtocol
public typealias ListenerRole = ServerSession.Role
public typealias ListenerTLS = ServerSession.Security
public typealias Acknowledgement = ServerSession.Acknowledgement
