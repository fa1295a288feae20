/// Who is at the other end of a connection to the intake.
public enum Peer: Hashable, Sendable, CustomStringConvertible {
    /// Over TCP. An IPv4-mapped address is the IPv4 address it maps.
    case address(IPAddress)
    /// Over a Unix socket: a process of this machine, by its user's number where the kernel says it.
    case local(uid: UInt32?)

    public var address: IPAddress? {
        switch self {
        case .address(let address): address
        case .local: nil
        }
    }

    /// For logs: `192.0.2.9`, `unix:105`.
    public var description: String {
        switch self {
        case .address(let address): address.description
        case .local(let uid): "unix:\(uid.map(String.init) ?? "-")"
        }
    }

    /// For `Received:` (RFC 5321 §4.4 TCP-info): `[192.0.2.9]`, or words where there was no TCP.
    var traceWords: String {
        switch self {
        case .address(let address): MailDomain.literal(address.unmapped).description
        case .local(let uid): uid.map { "Unix socket, uid \($0)" } ?? "Unix socket"
        }
    }
}

/// The certificate a client showed at our listener, as far as it was asked for (RFC 8314 §4.2).
public struct ClientCertificate: Hashable, Sendable {
    /// SHA-256 of the certificate, 32 octets.
    public var fingerprint: [UInt8]
    /// It was issued, for clients and for now, by an authority that the operator configured.
    public var isVerified: Bool
    /// Its subject in words, for the log: a stranger's words unless it is verified.
    public var subject: String

    public init(fingerprint: [UInt8], isVerified: Bool, subject: String) {
        self.fingerprint = fingerprint
        self.isVerified = isVerified
        self.subject = subject
    }
}
