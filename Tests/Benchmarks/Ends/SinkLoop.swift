import CLinux
import Glibc
import Net

/// What all threads of a sink share.
struct SinkSettings: @unchecked Sendable {
    // @unchecked Sendable because of `context` only: an SSL_CTX that nobody changes any more may be used by all threads.

    var listeners: [CInt] = []
    var offer = SinkOffer()
    var context: OpaquePointer?
    /// Of each reply, in nanoseconds.
    var delay: UInt64 = 0
    var threads = 1
}

/// One thread of the sink: it waits, reads, has the dialogue answer, and writes the answers of a batch at once.
struct SinkLoop: ~Copyable {
    private struct Connection: ~Copyable {
        var generation: UInt32 = 0
        var wire: Wire?
        var dialogue = SinkDialogue()
        var isHandshaking = false
        var isClosing = false
        var isBlocked = false
        /// Replies that could not be written, or not yet.
        var output = OctetBuffer()
        /// So many octets of it have waited long enough.
        var released = 0
    }

    private static let room = 262_144
    /// Slots of listeners begin here.
    private static let listenerSlot = 1 << 30

    private let settings: SinkSettings
    private let ledger: SinkLedger
    private let poller: Poller
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 64)
    private var connections = Slots<Connection> { Connection() }
    private var delayed: DelayLine<(key: Poller.Key, octets: Int)>
    private var replies = OctetBuffer()

    init(_ settings: SinkSettings, _ ledger: SinkLedger, _ poller: consuming Poller) {
        self.settings = settings
        self.ledger = ledger
        self.poller = poller
        delayed = DelayLine(nanoseconds: settings.delay)
    }

    deinit {
        input.deallocate()
    }

    /// Takes connections from now on.
    func listen() throws(Errno) {
        for (place, listener) in settings.listeners.enumerated() {
            try poller.add(
                listener, Poller.Key(slot: Self.listenerSlot + place, generation: 0), isShared: settings.threads > 1)
        }
    }

    /// Works until the process ends.
    mutating func run() {
        while true {
            for place in 0..<poller.wait(until: delayed.nextDue) {
                let event = poller[place]
                if event.key.slot >= Self.listenerSlot {
                    accept(from: settings.listeners[event.key.slot - Self.listenerSlot])
                } else {
                    serve(event)
                }
            }
            release()
        }
    }

    private mutating func accept(from listener: CInt) {
        // Among several threads one at a time, or the first to wake would take them all.
        for _ in 0..<(settings.threads > 1 ? 1 : 64) {
            guard let number = Sockets.accept(from: listener) else { return }
            let slot = connections.take()
            let connection = connections[slot]
            let key = Poller.Key(slot: slot, generation: connection.pointee.generation)
            connection.pointee.wire = Wire(descriptor: number)
            guard (try? poller.add(number, key)) != nil else {
                end(connection, key)
                continue
            }
            ledger.connected()
            replies.append(SinkDialogue.greeting)
            send(connection, key)
        }
    }

    private mutating func serve(_ event: Poller.Event) {
        let connection = connections[event.key.slot]
        guard connection.pointee.generation == event.key.generation, connection.pointee.wire != nil else { return }
        if event.isWritable { flush(connection, event.key) }
        guard event.isReadable else { return }
        repeat {
            if connection.pointee.isHandshaking && !handshake(connection, event.key) { return }
            guard let wire = connection.pointee.wire else { return }
            switch wire.receive(into: input) {
            case .wantsRead, .wantsWrite: return
            case .ended: return end(connection, event.key)
            case .moved(let count):
                // Once it is closing nobody reads it: its octets are taken from the socket, so that it is not ready for ever.
                if connection.pointee.isClosing { continue }
                take(UnsafeRawBufferPointer(rebasing: input[..<count]), connection, event.key)
            }
        } while connection.pointee.generation == event.key.generation && connection.pointee.wire?.hasPending == true
    }

    private mutating func take(
        _ chunk: UnsafeRawBufferPointer, _ connection: UnsafeMutablePointer<Connection>, _ key: Poller.Key
    ) {
        let ledger = ledger
        let action = connection.pointee.dialogue.take(chunk, offer: settings.offer, replies: &replies) { arrival in
            ledger.arrived(arrival, at: MonotonicClock.now)
        }
        switch action {
        case .goOn: break
        case .close: connection.pointee.isClosing = true
        case .startTLS:
            // The client speaks TLS once it has read the reply, not before: it may still wait here.
            connection.pointee.isHandshaking = settings.context != nil
            connection.pointee.isClosing = settings.context == nil
        }
        send(connection, key)
    }

    /// False where the handshake is not done.
    private mutating func handshake(_ connection: UnsafeMutablePointer<Connection>, _ key: Poller.Key) -> Bool {
        if connection.pointee.wire?.session == nil, let context = settings.context {
            guard connection.pointee.wire?.secure(by: context, asServer: true) == true else {
                end(connection, key)
                return false
            }
        }
        switch connection.pointee.wire?.handshake() ?? .ended {
        case .moved:
            connection.pointee.isHandshaking = false
            connection.pointee.dialogue.secured()
            ledger.secured(isResumed: connection.pointee.wire?.isResumed == true)
            // What came with the end of the handshake is in the library's hands.
            return connection.pointee.wire?.hasPending == true
        case .wantsRead, .wantsWrite: return false
        case .ended:
            end(connection, key)
            return false
        }
    }

    // MARK: Writing

    /// Sends the replies of a batch, now or after the delay.
    private mutating func send(_ connection: UnsafeMutablePointer<Connection>, _ key: Poller.Key) {
        defer { replies.removeAll() }
        if settings.delay > 0 {
            guard !replies.isEmpty else { return }
            connection.pointee.output.append(replies.octets)
            delayed.append((key, replies.count), at: MonotonicClock.now)
            return
        }
        if connection.pointee.output.isEmpty, !replies.isEmpty, let wire = connection.pointee.wire {
            // The common case: nothing is copied.
            switch wire.send(replies.octets) {
            case .moved(let count): replies.remove(count)
            case .ended: return end(connection, key)
            case .wantsRead, .wantsWrite: break
            }
        }
        connection.pointee.output.append(replies.octets)
        connection.pointee.released += replies.count
        flush(connection, key)
    }

    private mutating func release() {
        guard !delayed.isEmpty else { return }
        let now = MonotonicClock.now
        while let due = delayed.popFirst(at: now) {
            let connection = connections[due.key.slot]
            guard connection.pointee.generation == due.key.generation, connection.pointee.wire != nil else { continue }
            connection.pointee.released += due.octets
            flush(connection, due.key)
        }
    }

    private mutating func flush(_ connection: UnsafeMutablePointer<Connection>, _ key: Poller.Key) {
        guard let wire = connection.pointee.wire else { return }
        while connection.pointee.released > 0 {
            let octets = UnsafeRawBufferPointer(
                rebasing: connection.pointee.output.octets[..<connection.pointee.released])
            guard case .moved(let count) = wire.send(octets) else { break }
            connection.pointee.output.remove(count)
            connection.pointee.released -= count
        }
        if connection.pointee.isClosing && connection.pointee.output.isEmpty { return end(connection, key) }
        let isBlocked = connection.pointee.released > 0
        if isBlocked != connection.pointee.isBlocked {
            connection.pointee.isBlocked = isBlocked
            poller.change(wire.descriptor, key, alsoWriting: isBlocked)
        }
    }

    private mutating func end(_ connection: UnsafeMutablePointer<Connection>, _ key: Poller.Key) {
        connection.pointee.wire?.end()
        connection.pointee.wire = nil
        connection.pointee.generation &+= 1
        connection.pointee.dialogue = SinkDialogue()
        connection.pointee.isHandshaking = false
        connection.pointee.isClosing = false
        connection.pointee.isBlocked = false
        connection.pointee.released = 0
        connection.pointee.output.removeAll()
        connections.giveBack(key.slot)
    }
}
