import FlyingFox
import FlyingSocks
public import Logging

/// The control socket: HTTP over a Unix socket, for `relayctl` and `curl --unix-socket`.
///
/// FlyingFox's own server reads heads of any size in quadratic time, takes bodies of any size and leaves its socket file
/// behind. So the front is ours (``ControlListener``, the bounded reading below) over FlyingSocks' event pool, and of
/// FlyingFox the request with its decoding and the status codes. One request for each connection, no bodies, GET only.
///
/// Limits and what is said to who meets them: a head of more than 16 KiB gets 431, a request that takes longer than
/// ``Limits/request`` gets 408, a connection beyond ``connectionLimit`` gets 503; who does not take its answer within
/// ``Limits/response`` is cut off. How long an answer takes to be made is the ``ControlSource``'s affair.
public struct ControlServer: Sendable {
    /// Connections served at once.
    public static let connectionLimit: Int32 = 32

    /// How long a client may take.
    public struct Limits: Sendable {
        /// To send its request.
        public var request: Duration
        /// To take its answer.
        public var response: Duration

        public init(request: Duration = .seconds(5), response: Duration = .seconds(30)) {
            self.request = request
            self.response = response
        }
    }

    private let listener: ControlListener
    private let source: any ControlSource
    private let limits: Limits
    private let log: Logger

    /// Opens the socket: from here on clients may connect, and are answered once ``run()`` does.
    public init(path: String, source: any ControlSource, limits: Limits = Limits(), log: Logger) throws(ControlServerError) {
        listener = try ControlListener(path: path)
        self.source = source
        self.limits = limits
        self.log = log
    }

    /// Serves until the task is cancelled; then removes the socket file and returns. To be called once.
    public func run() async {
        defer { listener.close() }
        let pool = Self.makePool()
        do {
            try await pool.prepare()
        } catch {
            log.event(.error, LogLine("control-failed").with("reason", "\(error)"))
            return
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await pool.run() }
            await accept(from: pool)
            // The pool waits for events that nobody needs any more.
            group.cancelAll()
        }
    }

    private static func makePool() -> some AsyncSocketPool { SocketPool.make() }

    private func accept(from pool: some AsyncSocketPool) async {
        await withTaskGroup(of: Void.self) { group in
            var open = 0
            while !Task.isCancelled {
                do {
                    guard let socket = try listener.accept() else {
                        try await pool.suspendSocket(listener.socket, untilReadyFor: .connection)
                        continue
                    }
                    while open >= Self.connectionLimit, await group.next() != nil { open -= 1 }
                    open += 1
                    group.addTask { await serve(socket, pool) }
                } catch is CancellationError {
                    break
                } catch {
                    log.event(.warning, LogLine("control-accept-failed").with("reason", "\(error)"))
                    // Out of descriptors: others will be closed.
                    try? await Task.sleep(for: .milliseconds(100))
                }
            }
            group.cancelAll()
        }
    }

    private func serve(_ socket: Socket, _ pool: some AsyncSocketPool) async {
        defer { try? socket.close() }
        guard let stream = try? AsyncSocket(socket: socket, pool: pool) else { return }
        let answer: ControlAnswer
        do throws(ControlRefusal) {
            guard let request = try await readRequest(from: stream) else { return }
            answer = await source.answer(request)
        } catch {
            answer = error.answer
        }
        let octets = answer.octets
        _ = try? await within(limits.response) { try await stream.write(.init(octets)) }
    }

    /// nil where the client went away.
    private func readRequest(from stream: AsyncSocket) async throws(ControlRefusal) -> ControlRequest? {
        let head: [UInt8]?
        do {
            head = try await within(limits.request) { try await Self.readHead(from: stream) }
        } catch let refusal as ControlRefusal {
            throw refusal
        } catch {
            return nil
        }
        guard let head else {
            throw ControlRefusal(
                HTTPStatusCode(408, phrase: "Request Timeout"), "timeout", "the request took too long", "Try again")
        }
        return try ControlRequest.parse(head)
    }

    private static func readHead(from stream: AsyncSocket) async throws -> [UInt8] {
        var octets: [UInt8] = []
        while true {
            let searched = octets.count
            // One more than allowed, to see that it is too much.
            octets += try await stream.read(atMost: ControlRequest.headLimit + 1 - octets.count)
            if let end = ControlRequest.endOfHead(in: octets, searched: searched), end <= ControlRequest.headLimit {
                return Array(octets[..<end])
            }
            if octets.count > ControlRequest.headLimit {
                throw ControlRefusal(
                    HTTPStatusCode(431, phrase: "Request Header Fields Too Large"), "head-too-large",
                    "the head has more than \(ControlRequest.headLimit) octets", "Send fewer header fields")
            }
        }
    }

    /// The result of `body`, or nil where it takes longer than `limit`: it is cancelled then.
    private func within<Result: Sendable>(
        _ limit: Duration, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask(operation: body)
            group.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}

extension ControlSource {
    func answer(_ request: ControlRequest) async -> ControlAnswer {
        do {
            switch request {
            case .status: return .found(await status())
            case .queue(let query): return .found(try await queue(query))
            case .policy(let domain): return ControlAnswer(status: .ok, body: await policy(domain))
            case .show(let id):
                if let message = try await show(id) { return .found(message) }
                return .refused(
                    .notFound, "no-such-message", "no message in the queue has the id \(id)",
                    "It may have been delivered or returned: look for it in the log")
            }
        } catch {
            return .refused(
                .internalServerError, "internal", "the daemon could not answer: \(error)", "Look at the daemon's log")
        }
    }
}

/// Why the control socket could not be opened.
public enum ControlServerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another daemon answers there.
    case inUse(String)
    case failed(String)

    public var description: String {
        switch self {
        case .inUse(let path): "another relayd answers on \(path)"
        case .failed(let reason): reason
        }
    }
}
