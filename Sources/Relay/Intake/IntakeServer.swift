import Logging
import Mail
import Net
import Store
import Synchronization

/// Station 1: takes connections on every configured point and gives each a session on one of the loops, within the limits for
/// all clients and for each.
actor IntakeServer {
    /// A refused connection gets one line, and no longer than this to take it.
    static let refusalLimit: Duration = .seconds(5)
    /// Refused connections at once that are told why; those beyond are closed without a word.
    static let refusalsLimit = 1000
    /// After a listener failed to accept for a reason that does not pass by itself.
    static let acceptRest: Duration = .seconds(1)

    private var parts: IntakeParts
    private let loops: LoopGroup
    private var doors: [ListenPoint: Door] = [:]
    /// By the number of the door; those of doors that were closed, until who came in by them is admitted.
    private var entrances: [Int: Entrance] = [:]
    private var nextDoor = 0
    private var accepting: [Int: Task<Void, Never>] = [:]
    private var sessions: [Int: (stream: Net.Stream, task: Task<Void, Never>)] = [:]
    private var nextSession = 0
    private var refusals = 0
    private var isStopping = false

    /// A listener that lets clients in.
    private struct Door {
        let number: Int
        let listener: Listener
    }

    /// Listeners that are open, and that let nobody in yet.
    struct Opened: Sendable {
        fileprivate(set) var listeners: [(point: ListenPoint, listener: Listener, loop: Loop)] = []

        /// As they are, with real ports.
        var addresses: [SocketAddress] { listeners.map(\.listener.address) }

        func close() {
            for one in listeners { one.listener.close() }
        }
    }

    init(parts: IntakeParts, loops: LoopGroup) {
        self.parts = parts
        self.loops = loops
    }

    /// Opens every listener that is not open yet, or none.
    func open(_ entrances: [Entrance], _ inherited: InheritedSockets) throws(ListenError) -> Opened {
        var opened = Opened()
        for entrance in entrances {
            for point in entrance.listener.points where doors[point] == nil {
                let loop = loops.next()
                do throws(ListenError) {
                    opened.listeners.append((point, try point.open(entrance.listener, inherited, on: loop), loop))
                } catch {
                    opened.close()
                    throw error
                }
            }
        }
        return opened
    }

    struct ListenError: Error {
        let point: ListenPoint
        let reason: String
        /// A sentence without its full stop; nil where it is in the reason, or nobody knows.
        var cure: String?
        /// What the system said; nil where it was not asked.
        var error: Errno?
    }

    /// Who comes from now on comes in by `entrances` and under `new` terms; sessions under way go on by their own. Lets clients
    /// in by the listeners that were opened for it, and closes those that no entrance has any more.
    func adopt(_ new: IntakeParts, _ entrances: [Entrance], _ opened: Opened) {
        guard !isStopping else { return opened.close() }
        parts = new
        for (point, listener, loop) in opened.listeners {
            let number = nextDoor
            nextDoor += 1
            doors[point] = Door(number: number, listener: listener)
            accepting[number] = accept(by: number, listener, on: loop)
        }
        var wanted: Set<ListenPoint> = []
        for entrance in entrances {
            for point in entrance.listener.points {
                wanted.insert(point)
                if let door = doors[point] { self.entrances[door.number] = entrance }
            }
        }
        for (point, door) in doors where !wanted.contains(point) {
            doors[point] = nil
            door.listener.close()
        }
    }

    private func accept(by door: Int, _ listener: Listener, on loop: Loop) -> Task<Void, Never> {
        Task(executorPreference: loop) { [loops, log = parts.log] in
            while true {
                do throws(SocketError) {
                    let stream = try await listener.accept(on: loops.next())
                    await self.admit(stream, by: door)
                } catch {
                    if case .closed = error { break }
                    log.event(.error, LogLine("accept-failed").with("reason", "\(error)"))
                    guard await loop.pause(Self.acceptRest) else { break }
                }
            }
            await self.left(door)
        }
    }

    /// Nobody comes in by this door any more.
    private func left(_ door: Int) {
        entrances[door] = nil
        accepting[door] = nil
    }

    private func admit(_ stream: Net.Stream, by door: Int) {
        guard !isStopping, let entrance = entrances[door] else { return stream.close() }
        let number = nextSession
        nextSession += 1
        guard parts.gate.enter() else { return refuse(stream, number, by: entrance) }
        let open = parts.counters.intakeConnections.add(1, ordering: .relaxed).newValue
        parts.counters.intakePeak.max(open, ordering: .relaxed)
        parts.counters.metrics.connections.add(entrance.listener.name)
        let task = Task(executorPreference: stream.loop) { [parts] in
            await IntakeConnection(stream: stream, entrance: entrance, parts: parts).serve()
            parts.gate.leave()
            await self.ended(number)
            parts.counters.intakeConnections.subtract(1, ordering: .relaxed)
        }
        sessions[number] = (stream, task)
    }

    /// 421 in one line, then the end: too many connections of all clients.
    private func refuse(_ stream: Net.Stream, _ number: Int, by entrance: Entrance) {
        parts.counters.metrics.connectionsRefused.add(.server)
        if parts.gate.mayTell() {
            parts.log.event(
                .warning,
                LogLine("connection-refused").with("client", stream.peerAddress?.description ?? "-")
                    .with("reason", "too many connections"))
        }
        guard refusals < Self.refusalsLimit else { return stream.close() }
        refusals += 1
        let task = Task(executorPreference: stream.loop) { [parts] in
            await IntakeConnection(stream: stream, entrance: entrance, parts: parts).refuse(.all)
            await self.refused(number)
        }
        sessions[number] = (stream, task)
    }

    private func refused(_ number: Int) {
        refusals -= 1
        sessions[number] = nil
    }

    private func ended(_ number: Int) { sessions[number] = nil }

    /// Accepts nothing more, tells idle sessions 421, lets those that are receiving content, committing or delivering finish until
    /// `deadline`, and closes what is left.
    func stop(until deadline: Deadline, on loop: Loop) async {
        isStopping = true
        parts.stopping.set()
        for door in doors.values { door.listener.close() }
        for task in Array(accepting.values) { await task.value }
        for session in sessions.values { session.stream.interrupt() }
        while !sessions.isEmpty, !deadline.hasPassed {
            guard await loop.pause(.milliseconds(50)) else { break }
        }
        for session in sessions.values { session.stream.close() }
        for session in sessions.values { await session.task.value }
    }
}

extension ListenPoint {
    func open(
        _ settings: IntakeListener, _ inherited: InheritedSockets, on loop: Loop
    ) throws(IntakeServer.ListenError) -> Listener {
        var group: FileGroup?
        if case .unix = self, let name = settings.socketGroup {
            do throws(FileGroupError) { group = try FileGroup(named: name) } catch {
                throw IntakeServer.ListenError(point: self, reason: "\(error)")
            }
        }
        do throws(Errno) {
            switch self {
            case .address(let address):
                // Opened while there were the rights for it.
                if let descriptor = inherited.take(named: "\(self)") {
                    return try Listener(adopting: descriptor, on: loop)
                }
                return try Listener(on: loop, address: address)
            case .unix(let path):
                return try Listener(on: loop, address: .unix(path: path), mode: settings.socketMode, group: group)
            case .inherited(let name):
                if let descriptor = inherited.take(named: name) {
                    return try Listener(adopting: descriptor, on: loop)
                }
            }
        } catch {
            throw IntakeServer.ListenError(self, error)
        }
        throw IntakeServer.ListenError(
            point: self, reason: "the service manager handed over no socket of this name (FileDescriptorName=)")
    }
}

extension IntakeServer.ListenError {
    init(_ point: ListenPoint, _ error: Errno) {
        let address: SocketAddress? =
            switch point {
            case .address(let address): address
            case .unix(let path): .unix(path: path)
            case .inherited: nil
            }
        self.init(point: point, reason: "\(error)", cure: address.flatMap { error.cure(listeningAt: $0) }, error: error)
    }
}
