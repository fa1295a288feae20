import COpenSSL
import Glibc
import Net

/// The source's one thread: it keeps the sessions busy until every message is answered for.
struct SourceLoop: ~Copyable {
    static let room = 16_384
    /// Idle connections that are being made at a time: a listener's queue is short.
    private static let idleWindow = 100
    private static let signalKey = Poller.Key(slot: 1 << 30, generation: 0)

    let settings: SourceSettings
    let poller: Poller
    let input = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 64)
    let record = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 64)
    var connections = Slots<SourceConnection> { SourceConnection() }
    var supply: MessageSupply
    var tally = SourceTally()
    /// Sessions with nothing to do: connected ones, or with a connection per message those without.
    var resting: [Int] = []
    /// Sessions that shall try again later.
    var pausing = DelayLine<Poller.Key>(nanoseconds: MessageSupply.pause)
    var lastProgress: UInt64 = 0
    private var idleToConnect: Int
    private var hasBegun = false
    private var isSignalled = false
    /// Sessions that end with the run.
    private var sessions: [Int] = []

    init(_ settings: SourceSettings, _ poller: consuming Poller) {
        self.settings = settings
        self.poller = poller
        supply = MessageSupply(total: settings.messages, rate: settings.rate)
        idleToConnect = settings.idle
    }

    deinit {
        input.deallocate()
        record.deallocate()
    }

    /// Runs to the end. False where not every message was answered for.
    mutating func run(until signals: CInt) throws(Errno) -> Bool {
        try poller.add(signals, Self.signalKey)
        var now = MonotonicClock.now
        lastProgress = now
        while !isDone {
            advance(at: now)
            for place in 0..<poller.wait(until: nextMoment(at: now)) {
                let event = poller[place]
                if event.key == Self.signalKey { isSignalled = true } else { serve(event) }
            }
            now = MonotonicClock.now
            if isStalled(at: now) {
                StandardError.write("source: no reply for \(settings.patience / 1_000_000_000) seconds")
                break
            }
        }
        quit()
        return tally.settled == settings.messages
    }

    /// Without messages the idle connections are the purpose, and a signal the end.
    private var isDone: Bool {
        isSignalled || (tally.settled == settings.messages && (settings.messages > 0 || settings.idle == 0))
    }

    private func isStalled(at now: UInt64) -> Bool {
        (settings.messages > 0 || !hasBegun) && now > lastProgress + settings.patience
    }

    private func nextMoment(at now: UInt64) -> UInt64 {
        var moment = now + 1_000_000_000
        if !resting.isEmpty, let next = supply.nextMoment { moment = min(moment, next) }
        if let next = pausing.nextDue { moment = min(moment, next) }
        return moment
    }

    /// What is to be done without anybody having said anything.
    private mutating func advance(at now: UInt64) {
        while let key = pausing.popFirst(at: now) {
            let connection = connections[key.slot]
            guard connection.pointee.generation == key.generation else { continue }
            if connection.pointee.wire != nil || (settings.reconnects && !connection.pointee.isIdle) {
                resting.append(key.slot)
            } else {
                connect(key.slot)
            }
        }
        connectIdle()
        if !hasBegun && tally.idleStanding == settings.idle { begin(at: now) }
        while let slot = resting.popLast() {
            guard let message = supply.take(at: now) else {
                resting.append(slot)
                break
            }
            start(message, slot, at: now)
        }
    }

    private mutating func connectIdle() {
        while idleToConnect > 0 && settings.idle - idleToConnect - tally.idleStanding < Self.idleWindow {
            idleToConnect -= 1
            let slot = connections.take()
            connections[slot].pointee.isIdle = true
            connect(slot)
        }
    }

    private mutating func begin(at now: UInt64) {
        hasBegun = true
        if settings.idle > 0 { StandardOutput.write("idle \(settings.idle) \(now)") }
        // Where connections are made for each message, making them is part of it; else it is not.
        for _ in 0..<min(settings.sessions, settings.messages) {
            let slot = connections.take()
            sessions.append(slot)
            if settings.reconnects { resting.append(slot) } else { connect(slot) }
        }
        if settings.reconnects { supply.begin(at: now) }
    }

    /// Begins a message in a session that has nothing to do.
    mutating func start(_ message: MessageSupply.Message, _ slot: Int, at now: UInt64) {
        if tally.first == 0 { tally.first = now }
        lastProgress = now
        let connection = connections[slot]
        connection.pointee.next = message
        if connection.pointee.wire == nil { connect(slot) } else { sendEnvelope(connection, slot) }
    }

    mutating func connect(_ slot: Int) {
        let connection = connections[slot]
        do throws(Errno) {
            let descriptor = try Sockets.connect(to: settings.address)
            connection.pointee.wire = Wire(descriptor: descriptor)
            connection.pointee.dialogue = SourceDialogue(
                isPipeliningWanted: settings.isPipeliningWanted, isTLSWanted: settings.context != nil)
            // The server speaks first: a connection that fails is readable too.
            try poller.add(descriptor, Poller.Key(slot: slot, generation: connection.pointee.generation))
            tally.connections += 1
        } catch {
            lose(connection, slot)
        }
    }

    private var hasSession: Bool {
        for slot in sessions where connections[slot].pointee.wire != nil { return true }
        return false
    }

    /// Takes its leave of all sessions, for half a second at most.
    private mutating func quit() {
        for slot in sessions {
            let connection = connections[slot]
            guard connection.pointee.wire != nil, !connection.pointee.dialogue.isWaiting else { continue }
            connection.pointee.tail.append("QUIT\r\n")
            _ = connection.pointee.flush(settings.content, gathering: record)
        }
        let end = MonotonicClock.now + 500_000_000
        while !isSignalled, MonotonicClock.now < end, hasSession {
            for place in 0..<poller.wait(until: end) {
                let key = poller[place].key
                if key == Self.signalKey {
                    isSignalled = true
                } else if let wire = connections[key.slot].pointee.wire, case .ended = wire.receive(into: input) {
                    disconnect(connections[key.slot])
                }
            }
        }
        for slot in sessions where connections[slot].pointee.wire != nil { disconnect(connections[slot]) }
    }
}
