import CCurl
import Mail
import Net

/// Fetches and posts over HTTPS: one thread, many transfers, each with a connection of its own.
///
/// https only; no redirect is followed, no proxy, cookie, cache, credential or encoding is used, and nothing is looked
/// up: the addresses are the request's. Safe from any task on any loop.
public final class HTTPSClient: Sendable {
    /// Transfers at once, unless said otherwise.
    public static let defaultTransfersLimit = 64
    /// Of them, to hosts of one address. Ours.
    public static let defaultAddressShare = 4
    /// Requests that wait for a place; beyond it they fail at once (kind `busy`). Ours.
    public static let waitingLimit = 1_024

    private let engine: TransferEngine
    private let thread: EngineThread

    /// Starts the thread. Throws where libcurl or the system gives none (kind `ours`).
    public init(
        transfersLimit: Int = HTTPSClient.defaultTransfersLimit, addressShare: Int = HTTPSClient.defaultAddressShare
    ) throws(HTTPSFailure) {
        let engine = try TransferEngine(transfersLimit: transfersLimit, addressShare: addressShare)
        guard let thread = EngineThread({ engine.run() }) else {
            throw HTTPSFailure(.ours, "the system has no thread to give")
        }
        self.engine = engine
        self.thread = thread
    }

    deinit {
        engine.close()
    }

    /// Fetches; the request must be a GET. Otherwise as ``send(_:)``.
    public func get(_ request: HTTPSRequest) async -> Result<HTTPSResponse, HTTPSFailure> {
        guard request.method == .get else { return .failure(HTTPSFailure(.ours, "a POST is no fetch")) }
        return await send(request)
    }

    /// Makes the request, GET or POST. Takes at most the request's timeout; where the caller's task is cancelled, the transfer
    /// is broken off and this returns at once.
    ///
    /// A failed POST says nothing about whether the server has taken the body: whoever repeats it must be ready for two. It is
    /// never repeated here.
    public func send(_ request: HTTPSRequest) async -> Result<HTTPSResponse, HTTPSFailure> {
        if let fault = request.fault { return .failure(fault) }
        let id = engine.newID()
        let end = Deadline.after(request.timeout)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                engine.ask(id, request, until: end, waiter)
                // Cancelled before it was asked: then nobody knew the number yet.
                if Task.isCancelled { engine.cancel(id) }
            }
        } onCancel: {
            engine.cancel(id)
        }
    }

    /// Ends all transfers, whose callers get a failure (kind `cancelled`), and the thread. Requests that come later fail in
    /// the same way. May be called more than once.
    public func close() async {
        engine.close()
        await engine.end()
        thread.join()
    }

    /// The file of the system's trust anchors that libcurl was built to read.
    static var systemAnchors: String? {
        shim_curl_version_info()?.pointee.cainfo.map { String(cString: $0) }
    }
}
