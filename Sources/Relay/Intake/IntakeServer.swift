import Logging
import Mail
import Net
import Store
import Synchronization

/// Station 1: takes connections on every configured address and gives each a session on one of the loops, within the
/// limits for all clients and for each.
actor IntakeServer {
    /// A client's handshake at our listener (reliability: connect, STARTTLS and handshake together within a minute).
    static let handshakeLimit: Duration = .seconds(60)
    /// A refused connection gets one line, and no longer than this to take it.
    static let refusalLimit: Duration = .seconds(5)

    /// After a listener failed to accept for a reason that does not pass by itself.
    static let acceptRest: Duration = .seconds(1)

    private let parts: IntakeParts
    private let loops: LoopGroup
    private var listeners: [(listener: Listener, loop: Loop)] = []
    private var accepting: [Task<Void, Never>] = []
    private var sessions: [Int: (stream: Net.Stream, task: Task<Void, Never>)] = [:]
    private var perClient: [IPAddress: Int] = [:]
    private var nextSession = 0
    private var isStopping = false

    init(parts: IntakeParts, loops: LoopGroup) {
        self.parts = parts
        self.loops = loops
    }

    /// Opens every listener, or none.
    /// - Returns: the addresses as they are, with real ports.
    func listen(on addresses: [SocketAddress]) throws(ListenError) -> [SocketAddress] {
        var opened: [(listener: Listener, loop: Loop)] = []
        for address in addresses {
            let loop = loops.next()
            do throws(Errno) {
                opened.append((try Listener(on: loop, address: address), loop))
            } catch {
                for one in opened { one.listener.close() }
                throw ListenError(address: address, errno: error)
            }
        }
        listeners = opened
        return opened.map(\.listener.address)
    }

    struct ListenError: Error {
        let address: SocketAddress
        let errno: Errno
    }

    /// Begins to accept.
    func start() {
        for (listener, loop) in listeners {
            accepting.append(
                Task(executorPreference: loop) { [loops, parts] in
                    while true {
                        do throws(SocketError) {
                            let stream = try await listener.accept(on: loops.next())
                            await self.admit(stream)
                        } catch {
                            if case .closed = error { return }
                            parts.log.event(.error, LogLine("accept-failed").with("reason", "\(error)"))
                            guard await loop.pause(Self.acceptRest) else { return }
                        }
                    }
                })
        }
    }

    private func admit(_ stream: Net.Stream) {
        guard !isStopping, let address = stream.peerAddress.flatMap({ IPAddress(octets: $0.octets)?.unmapped }) else {
            stream.close()
            return
        }
        let known = perClient[address] ?? 0
        let number = nextSession
        nextSession += 1
        if sessions.count >= parts.configuration.connectionLimit || known >= parts.configuration.clientConnectionLimit {
            refuse(stream, number, address)
            return
        }
        perClient[address] = known + 1
        parts.counters.intakeConnections.add(1, ordering: .relaxed)
        let client = ServerSession.Client(
            peer: .address(address), mayRelay: parts.configuration.networks.contains { $0.contains(address) })
        let task = Task(executorPreference: stream.loop) { [parts] in
            var session = IntakeSession(stream, client, parts)
            await session.run()
            await self.ended(number, address)
        }
        sessions[number] = (stream, task)
    }

    /// 421 in one line, then the end: too many connections.
    private func refuse(_ stream: Net.Stream, _ number: Int, _ address: IPAddress) {
        parts.log.event(
            .warning, LogLine("connection-refused").with("client", address).with("reason", "too many connections"))
        guard sessions.count < parts.configuration.connectionLimit * 2 else {
            stream.close()
            return
        }
        var session = ServerSession(parts.session)
        guard case .close(let replies) = session.handle(.connectedBeyondLimit) else {
            stream.close()
            return
        }
        var bytes: [UInt8] = []
        for reply in replies { ReplyWriter.append(reply, to: &bytes) }
        let task = Task(executorPreference: stream.loop) { [bytes] in
            try? await stream.write(bytes, until: .after(Self.refusalLimit))
            stream.close()
            await self.forget(number)
        }
        sessions[number] = (stream, task)
    }

    private func forget(_ number: Int) { sessions[number] = nil }

    private func ended(_ number: Int, _ address: IPAddress) {
        sessions[number] = nil
        parts.counters.intakeConnections.subtract(1, ordering: .relaxed)
        if let count = perClient[address] { perClient[address] = count > 1 ? count - 1 : nil }
    }

    /// Accepts nothing more, tells idle sessions 421, lets those that are receiving content or committing finish until
    /// `deadline`, and closes what is left.
    func stop(until deadline: Deadline, on loop: Loop) async {
        isStopping = true
        parts.stopping.set()
        for one in listeners { one.listener.close() }
        for task in accepting { await task.value }
        for session in sessions.values { session.stream.interrupt() }
        while !sessions.isEmpty, !deadline.hasPassed {
            guard await loop.pause(.milliseconds(50)) else { break }
        }
        for session in sessions.values { session.stream.close() }
        for session in sessions.values { await session.task.value }
    }
}
