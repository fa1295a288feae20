import FlyingFox
public import Logging
public import Net

/// The control socket: HTTP over a Unix socket, for `relayctl` and `curl --unix-socket`.
///
/// FlyingFox's own server reads heads in quadratic time and takes bodies of any size. So connections are accepted and read
/// by `Net`, within the limits below, and of FlyingFox remain the request with its decoding and the status codes. One
/// request for each connection, GET for questions and POST for orders, a body only where ``ControlBody`` takes one.
///
/// Who meets a limit is told: a head of more than 16 KiB gets 431, a request that takes longer than ``Limits/request``
/// gets 408; beyond ``connectionLimit`` clients wait in the backlog, and who has not sent its request by then gets 503; who does
/// not take its answer within ``Limits/response`` is cut off. How long it takes to find an answer is the ``ControlSource``'s affair.
public final class ControlServer: Sendable {
    /// Connections served at once.
    public static let connectionLimit = ExchangePoint.connectionLimit
    /// The daemon's user and group may connect, nobody else.
    public static let mode: UInt32 = 0o660

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

    private let loop: Loop
    private let listener: Listener
    private let source: any ControlSource
    private let limits: Limits
    private let takesOrders: Bool
    private let log: Logger

    /// Opens the socket: from here on clients may connect, and are answered once ``run()`` does. A socket file that is in
    /// the way is removed only if nobody answers on it. Two daemons that start in the same instant are kept apart by the
    /// lock of the store, not here.
    /// - Parameters:
    ///   - takesOrders: false for a socket at which questions are answered, and nothing is changed.
    ///   - group: whose members may connect besides the daemon's user; nil for the daemon's own.
    public init(
        on loop: Loop, path: String, source: any ControlSource, takesOrders: Bool = true, group: FileGroup? = nil,
        limits: Limits = Limits(), log: Logger
    ) throws(ControlServerError) {
        do throws(Errno) {
            listener = try Listener(on: loop, address: .unix(path: path), mode: Self.mode, group: group)
        } catch .addressInUse {
            throw .inUse(path)
        } catch {
            throw .failed(path, error)
        }
        self.loop = loop
        self.source = source
        self.takesOrders = takesOrders
        self.limits = limits
        self.log = log
    }

    /// Serves until the task is cancelled or ``close()`` is called; the socket file is gone then. To be called once.
    public func run() async {
        await ExchangePoint(loop: loop, listener: listener).run { [log] error in
            log.event(.error, LogLine("control-failed").with("reason", "\(error)"))
        } serve: { stream, heard in
            await self.serve(stream, heard)
        }
    }

    /// Stops listening and removes the socket file. From any thread.
    public func close() {
        listener.close()
    }

    private func serve(_ stream: Net.Stream, _ heard: @Sendable () -> Void) async {
        defer { stream.close() }
        let answer: ControlAnswer
        do throws(ControlRefusal) {
            guard let request = try await readRequest(from: stream) else { return }
            heard()
            answer = await source.answer(request)
        } catch {
            answer = error.answer
        }
        // A client that went away has no use for an error.
        _ = try? await stream.write(answer.octets, until: .after(limits.response))
    }

    /// nil where the client went away.
    private func readRequest(from stream: Net.Stream) async throws(ControlRefusal) -> ControlRequest? {
        let deadline = Deadline.after(limits.request)
        switch await ExchangePoint.head(from: stream, until: deadline) {
        case .octets(let head, let rest):
            // By the method, before anything is understood: what a place does is not to decide about rights.
            guard takesOrders || head.starts(with: Array("GET ".utf8)) else { throw .questionsOnly }
            let request = try ControlRequest.parse(head)
            guard let length = try ControlBody.length(in: head, of: request) else { return request }
            guard let body = try await readBody(of: length, beginning: rest, from: stream, until: deadline) else {
                return nil
            }
            return try request.with(body)
        case .gone: return nil
        case .displaced: throw .displaced
        case .tooLate: throw .timeout
        case .tooLarge: throw .headTooLarge
        }
    }

    /// nil where the client went away.
    private func readBody(
        of length: Int, beginning first: [UInt8], from stream: Net.Stream, until deadline: Deadline
    ) async throws(ControlRefusal) -> [UInt8]? {
        var octets = Array(first.prefix(length))
        while octets.count < length {
            do throws(SocketError) {
                guard let more = try await stream.read(upTo: length - octets.count, until: deadline) else { return nil }
                octets += more
            } catch .expired {
                throw ControlRefusal.timeout
            } catch .interrupted {
                throw ControlRefusal.displaced
            } catch {
                return nil
            }
        }
        return octets
    }
}

extension ControlRefusal {
    fileprivate static var timeout: ControlRefusal {
        ControlRefusal(
            HTTPStatusCode(408, phrase: "Request Timeout"), "timeout", "the request took too long", "Try again")
    }

    fileprivate static var displaced: ControlRefusal {
        ControlRefusal(
            .serviceUnavailable, "busy", "\(ControlServer.connectionLimit) clients are served, and others wait",
            "Send the request as soon as you are connected, or try again")
    }

    fileprivate static var questionsOnly: ControlRefusal {
        ControlRefusal(
            .forbidden, "questions-only", "nothing can be changed over this socket",
            "Use the one of control.socket, if you may")
    }

    fileprivate static var headTooLarge: ControlRefusal {
        ControlRefusal(
            HTTPStatusCode(431, phrase: "Request Header Fields Too Large"), "head-too-large",
            "the head has more than \(ControlRequest.headLimit) octets", "Send fewer header fields")
    }
}

/// Why the control socket could not be opened.
public enum ControlServerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another daemon answers there, or something that is no socket is in the way.
    case inUse(String)
    case failed(String, Errno)

    public var description: String {
        switch self {
        case .inUse(let path): "\(path) is in use: another relayd answers there, or it is no socket"
        case .failed(let path, let error): "\(path) cannot be opened: \(error)"
        }
    }

    /// What to do, where there is something particular.
    var cure: String? {
        switch self {
        case .inUse: "End the other relayd, or choose another path"
        case .failed(let path, let error): error.cure(listeningAt: .unix(path: path))
        }
    }
}
