/// The bounds of the protocol between daemon and worker. Both sides hold them: the worker because its input comes from
/// strangers, the daemon because it does not trust the worker.
enum WireLimit {
    /// First octet of each payload. Both ends are one program, so another number means a wrong peer.
    static let version: UInt8 = 1
    /// Octets of one frame's payload: the largest answer with its names and lengths fits in well.
    static let frame = 128 * 1024
    /// Octets of RDATA in one answer: a DNS message has 65,535 (RFC 1035 §4.2.2).
    static let recordOctets = 64 * 1024
    /// Records in one answer; an MX or TLSA set of this size is an attack.
    static let records = 1_000
    /// Octets of a name as text. 253 characters, each perhaps escaped as `\ddd`, and the final dot.
    static let name = 1_020
    /// Octets of a reason, which ends up in a log line and a DSN.
    static let reason = 512
    /// Raw options in the settings.
    static let options = 500
    /// Octets of one option's value or of a path.
    static let optionValue = 4_096
    /// Forwarders in the settings.
    static let forwarders = 32
}

/// Why a frame or its payload is not what the protocol says. The peer is not talked to any more.
enum WireError: Error, Hashable, Sendable {
    case frameTooLong(Int)
    case emptyFrame
    case wrongVersion(UInt8)
    case unknownKind(UInt8)
    case cutShort
    case leftOver(Int)
    case outOfBounds(String)
}
