/// What another mail server of this machine saw, as it says in a datagram of libtlsrpt (`smtp_tlsrpt_socket_name` of
/// Postfix 3.10).
public enum ForeignObservation {
    /// Octets of a datagram. Ours.
    public static let datagramLimit = 65_536

    /// Reads a datagram: a session for each policy in it.
    public static func read(datagram: [UInt8]) -> Result<[ReportedSession], ForeignObservationFault> {
        .failure(ForeignObservationFault("unfinished: \(datagram.count)"))
    }
}

/// Why a datagram is not counted.
public struct ForeignObservationFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// One clause, safe for a log.
    public let words: String

    public init(_ words: String) { self.words = words }

    public var description: String { words }
}
