/// The control socket: HTTP over a Unix socket, for `relayctl` and `curl --unix-socket`.
public struct ControlServer: Sendable {
    public let path: String
    let source: any ControlSource

    public init(path: String, source: any ControlSource) {
        self.path = path
        self.source = source
    }

    /// Serves until the task is cancelled, then removes the socket file and returns.
    public func run() async throws(ControlServerError) {}
}

/// Why the control socket could not be opened.
public enum ControlServerError: Error, Hashable, Sendable {
    /// Another daemon answers there.
    case inUse(String)
    case failed(String)
}
