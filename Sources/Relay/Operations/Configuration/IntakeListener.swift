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
        tls: ListenerTLS = .starttls, acknowledgement: Acknowledgement = .queued,
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

/// What a listener speaks.
public enum IntakeProtocol: String, Sendable, CaseIterable {
    case smtp
    /// RFC 2033: a reply for each recipient.
    case lmtp
}

/// Whom a listener is for.
public enum ListenerRole: String, Sendable, CaseIterable {
    /// Other mail servers.
    case relay
    /// Programs that make mail (RFC 6409): they log in, over TLS, and get missing Date and Message-ID fields.
    case submission
}

public enum ListenerTLS: String, Sendable, CaseIterable {
    case none
    /// Offered.
    case starttls
    /// Demanded before MAIL, by STARTTLS.
    case required
    /// From the first octet (RFC 8314 §3).
    case implicit
}

/// When a client is told that its mail was taken (D20).
public enum Acknowledgement: String, Sendable, CaseIterable {
    /// As soon as it is on disk.
    case queued
    /// As soon as the next hop took or refused it.
    case delivered
}
