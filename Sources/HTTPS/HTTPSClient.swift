import Mail

/// Fetches over HTTPS: one thread, many transfers, each with a connection of its own.
///
/// https only; no redirect is followed, no proxy, cookie, cache, credential or encoding is used, and nothing is looked
/// up: the addresses are the request's. Safe from any task on any loop.
public final class HTTPSClient: Sendable {
    /// Transfers at once, unless said otherwise.
    public static let defaultTransfersLimit = 64
    /// Requests that wait for a place; beyond it they fail at once. Ours.
    public static let waitingLimit = 1_024

    /// Starts the thread. Throws where libcurl or the system gives none (kind `ours`).
    public init(transfersLimit: Int = HTTPSClient.defaultTransfersLimit) throws(HTTPSFailure) {}

    /// Fetches. Takes at most the request's timeout; returns soon after the caller's task is cancelled.
    public func get(_ request: HTTPSRequest) async -> Result<HTTPSResponse, HTTPSFailure> {
        .failure(HTTPSFailure(.ours, "unfinished"))
    }

    /// Ends all transfers, whose callers get a failure (kind `cancelled`), then the thread. May be called more than once;
    /// so do all requests that come later.
    public func close() async {}

    /// "libcurl 7.88.1, OpenSSL/3.0.22": the libraries this process runs with.
    public static var libraryVersion: String { "" }
}
