import CUnbound
import Glibc
import Mail

/// One worker's life: settings, a first lookup that shows that they work, then questions until the daemon closes.
struct WorkerSession {
    private var socket: WorkerSocket
    private let lookups = WorkerLookups()

    init(socket: WorkerSocket) {
        self.socket = socket
    }

    /// Does not return: the end of a worker is always a reason.
    mutating func run() throws(WorkerEnd) -> Never {
        let settings = try firstMessage()
        let context: UnboundContext
        do throws(SettingsRefusal) {
            context = try .configured(with: settings)
        } catch {
            try refuse(error.reason)
        }
        try prove(context)
        socket.queue(WorkerMessage.ready(library: String(cString: ub_version())).frame)
        while true {
            try socket.flush()
            let ready = try socket.wait(other: context.descriptor)
            if ready.other { try process(context) }
            if ready.socket {
                try socket.receive()
                while let message = try socket.next() { try take(message, context) }
            }
        }
    }

    private mutating func firstMessage() throws(WorkerEnd) -> ResolverSettings {
        while true {
            if let message = try socket.next() {
                guard case .settings(let settings) = message else {
                    throw .protocolViolation(.outOfBounds("the first message is not the settings"))
                }
                return settings
            }
            _ = try socket.wait(other: -1)
            try socket.receive()
        }
    }

    /// libunbound reads its files and starts its thread at the first lookup: a bad setting shows here, as a refusal or as
    /// the death of this process, and not at the first mail.
    private mutating func prove(_ context: UnboundContext) throws(WorkerEnd) {
        guard let name = try? DomainName(UnboundDefaults.probeName) else { throw .libraryFailed }
        let lookup = PendingLookup(id: 0, asked: Asked(Question(name, .a))) { _ in }
        do throws(UnboundError) {
            _ = try context.resolve(lookup)
            while !lookup.isAnswered {
                let ready = try waitForLibrary(context)
                if ready { try context.process() }
            }
        } catch {
            try refuse(context.startErrors ?? error.description)
        }
        if let failure = lookup.failure { try refuse("the first lookup fails: \(failure)") }
        context.closeLog()
    }

    private func waitForLibrary(_ context: UnboundContext) throws(UnboundError) -> Bool {
        var descriptors = [pollfd(fd: context.descriptor, events: Int16(POLLIN), revents: 0)]
        return poll(&descriptors, 1, -1) > 0
    }

    private mutating func refuse(_ reason: String) throws(WorkerEnd) -> Never {
        socket.queue(WorkerMessage.refused(reason).frame)
        try socket.flush()
        throw .settingsRefused
    }

    private mutating func process(_ context: UnboundContext) throws(WorkerEnd) {
        do throws(UnboundError) {
            try context.process()
        } catch {
            throw .libraryFailed
        }
        for lookup in lookups.takeAnswered() {
            socket.queue(WorkerMessage.answer(id: lookup.id, lookup.asked, lookup.finding).frame)
        }
    }

    private mutating func take(_ message: DaemonMessage, _ context: UnboundContext) throws(WorkerEnd) {
        switch message {
        case .settings:
            throw .protocolViolation(.outOfBounds("settings, a second time"))
        case .cancel(let id):
            if let lookup = lookups.remove(id) { context.cancel(lookup.number) }
        case .ask(let id, let asked):
            if let refusal = lookups.start(id: id, asked, context) {
                socket.queue(WorkerMessage.answer(id: id, asked, refusal).frame)
            }
        }
    }
}

/// The lookups inside libunbound. A class, because libunbound's callbacks reach it.
final class WorkerLookups {
    private var pending: [UInt64: PendingLookup] = [:]
    private var answered: [PendingLookup] = []

    /// Gives the finding that stands for a lookup that did not start; nil where it started.
    func start(id: UInt64, _ asked: Asked, _ context: UnboundContext) -> Finding? {
        if pending.count >= ResolverWorker.inFlightLimit { return .failed("the resolver process is overloaded") }
        if pending[id] != nil { return .failed("a question with the number of another") }
        let lookup = PendingLookup(id: id, asked: asked) { [unowned self] in answered.append($0) }
        pending[id] = lookup
        do throws(UnboundError) {
            lookup.number = try context.resolve(lookup)
            return nil
        } catch {
            pending[id] = nil
            return .failed(error.description)
        }
    }

    func remove(_ id: UInt64) -> PendingLookup? { pending.removeValue(forKey: id) }

    /// Those answered since the last call that nobody cancelled.
    func takeAnswered() -> [PendingLookup] {
        defer { answered.removeAll(keepingCapacity: true) }
        for lookup in answered { pending[lookup.id] = nil }
        return answered
    }
}
