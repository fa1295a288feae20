import FlyingFox
import FlyingSocks
import FoundationEssentials
import Glibc
public import Mail
import Net

/// Asks a running daemon over its control socket, by FlyingFox's client: one connection for each question.
public struct ControlClient: Sendable {
    public let socket: String
    /// How long the daemon may take to answer from what it holds.
    public let patience: Duration

    /// A daemon that is alive answers within milliseconds; one that is stopped or stuck never does.
    public static let usualPatience: Duration = .seconds(10)
    /// For answers that wait for DNS and HTTPS, once the daemon has shown that it is alive.
    static let lookupPatience: Duration = .seconds(150)

    public init(socket: String, patience: Duration = Self.usualPatience) {
        self.socket = socket
        self.patience = patience
    }

    public func status() async throws(ControlClientError) -> ControlReply<StatusView> {
        try await get("/v1/status")
    }

    /// nil where no message has this id.
    public func show(_ id: QueueID) async throws(ControlClientError) -> ControlReply<MessageView>? {
        do throws(ControlClientError) {
            return try await get("/v1/queue/\(id)")
        } catch .refused(status: 404, _) {
            return nil
        } catch {
            throw error
        }
    }

    /// JSON of a `PolicyDocument`.
    public func policy(_ domain: DomainName) async throws(ControlClientError) -> [UInt8] {
        _ = try await status()
        return try await fetch("/v1/policy/\(domain)", [], patience: Self.lookupPatience)
    }

    /// One page of the cache of MTA-STS policies.
    public func policies(_ query: PolicyQuery) async throws(ControlClientError) -> ControlReply<STSPage> {
        var items = [("limit", "\(query.limit)")]
        if let after = query.after { items.append(("after", after.text)) }
        return try await get("/v1/sts", items)
    }

    /// Has the daemon fetch a policy anew.
    public func refreshPolicy(of domain: DomainName) async throws(ControlClientError) -> ControlReply<STSRefreshView> {
        let path = "/v1/sts/\(domain)/refresh"
        _ = try await status()
        return try reply(to: path, try await fetch(path, [], method: .POST, patience: Self.lookupPatience))
    }

    /// What TLS-RPT counted, and what became of the reports; one page.
    public func reports(_ query: ReportQuery) async throws(ControlClientError) -> ControlReply<ReportStatusView> {
        try await get("/v1/tlsrpt", Self.items(query, isPaged: true))
    }

    /// The reports of a day as they would be sent now; one page.
    public func reportPreview(_ query: ReportQuery) async throws(ControlClientError) -> ControlReply<ReportPreviewPage>
    {
        try await get("/v1/tlsrpt/preview", Self.items(query, isPaged: true))
    }

    /// Has the daemon send reports now.
    public func sendReports(_ query: ReportQuery) async throws(ControlClientError) -> ControlReply<ReportSendView> {
        let path = "/v1/tlsrpt/send"
        return try reply(
            to: path,
            try await fetch(path, Self.items(query, isPaged: false), method: .POST, patience: Self.lookupPatience))
    }

    private static func items(_ query: ReportQuery, isPaged: Bool) -> [(String, String)] {
        var items: [(String, String)] = []
        if let day = query.day { items.append(("day", "\(day)")) }
        if let domain = query.domain { items.append(("domain", domain.text)) }
        if isPaged {
            items.append(("limit", "\(query.limit)"))
            if let after = query.after { items.append(("after", after.text)) }
        }
        return items
    }

    func get<View: Decodable>(
        _ path: String, _ query: [(String, String)] = []
    ) async throws(ControlClientError) -> ControlReply<View> {
        try reply(to: path, try await fetch(path, query))
    }

    func reply<View: Decodable>(
        to path: String, _ octets: [UInt8]
    ) throws(ControlClientError) -> ControlReply<View> {
        guard let view = ControlJSON.decode(View.self, from: octets) else {
            throw .unreadable("the answer to \(path) is not what this version of relayctl expects")
        }
        return ControlReply(view: view, json: octets)
    }

    /// The JSON the daemon answered with.
    func fetch(
        _ path: String, _ query: [(String, String)], method: HTTPMethod = .GET, body: [UInt8] = [],
        patience: Duration? = nil
    ) async throws(ControlClientError) -> [UInt8] {
        guard socket.utf8.count <= Net.SocketAddress.pathLimit else {
            throw .noAnswer("the path is longer than \(Net.SocketAddress.pathLimit) octets")
        }
        let patience = patience ?? self.patience
        let response: (status: Int, body: [UInt8])
        do {
            response = try await exchange(path, query, method, body, within: patience)
        } catch let error as FlyingSocks.SocketError {
            throw Self.failure(error, patience)
        } catch is CancellationError {
            throw .stuck("the question was given up")
        } catch {
            // What was read is no HTTP.
            throw .foreign
        }
        if response.status == HTTPStatusCode.ok.code { return response.body }
        guard let view = ControlJSON.decode(ControlErrorEnvelope.self, from: response.body)?.error else {
            throw .foreign
        }
        throw .refused(status: response.status, view)
    }

    private func exchange(
        _ path: String, _ query: [(String, String)], _ method: HTTPMethod, _ body: [UInt8],
        within patience: Duration
    ) async throws -> (status: Int, body: [UInt8]) {
        let address = sockaddr_un.unix(path: socket)
        return try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
            group.addTask {
                let request = HTTPRequest(
                    method: method, version: .http11, path: path,
                    query: query.map { HTTPRequest.QueryItem(name: $0.0, value: $0.1) },
                    headers: [.host: "relayd", .connection: "close"], body: Data(body))
                var client = HTTPClient()
                let response = try await client.sendHTTPRequest(request, to: address)
                return (response.statusCode.code, Array(try await response.bodyData))
            }
            group.addTask {
                try await Task.sleep(for: patience)
                throw FlyingSocks.SocketError.timeout(message: "")
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw FlyingSocks.SocketError.disconnected }
            return result
        }
    }

    private static func failure(_ error: FlyingSocks.SocketError, _ patience: Duration) -> ControlClientError {
        switch error {
        case .failed(_, EACCES, _), .failed(_, EPERM, _): .denied
        case .failed(_, let number, _): .noAnswer(String(cString: strerror(number)))
        case .disconnected: .stuck("it closed the connection")
        case .timeout: .stuck("it took longer than \(patience)")
        case .blocked, .unsupportedAddress: .noAnswer("\(error)")
        }
    }
}

/// An answer, read and as it came: `--json` prints the latter.
public struct ControlReply<View: Sendable>: Sendable {
    public let view: View
    public let json: [UInt8]
}

/// Why there is no answer.
public enum ControlClientError: Error, Hashable, Sendable {
    /// Nobody listens there.
    case noAnswer(String)
    /// We may not connect, whoever listens.
    case denied
    /// Somebody listens, and does not answer.
    case stuck(String)
    /// Somebody listens and answers, and it is no relayd.
    case foreign
    /// The daemon answered with an error.
    case refused(status: Int, ControlErrorView)
    /// What came back is no answer of ours.
    case unreadable(String)
}
