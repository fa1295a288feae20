/// Asks a running daemon over its control socket.
public struct ControlClient: Sendable {
    public let socket: String

    public init(socket: String) {
        self.socket = socket
    }

    /// The answers as the daemon wrote them, for `--json`; decode with the typed calls below.
    public func get(_ path: String, query: [(String, String)] = []) async throws(ControlClientError) -> [UInt8] { [] }
}

/// Why there is no answer.
public enum ControlClientError: Error, Hashable, Sendable {
    /// Nobody listens, or no right to connect: exit 69.
    case noAnswer(String)
    /// The daemon answered with an error.
    case refused(status: Int, ControlErrorView)
    /// What came back is no answer of ours.
    case unreadable(String)
}
