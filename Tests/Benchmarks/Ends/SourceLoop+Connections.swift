import COpenSSL
import Glibc

/// What happens to a session's connection, apart from what is said on it.
extension SourceLoop {
    mutating func flush(_ connection: UnsafeMutablePointer<SourceConnection>, _ slot: Int) {
        guard connection.pointee.hasOutput, let wire = connection.pointee.wire else { return }
        // A connection that fails in writing is found lost in reading, where replies may still wait.
        _ = connection.pointee.flush(settings.content, gathering: record)
        let isBlocked = connection.pointee.hasOutput
        guard isBlocked != connection.pointee.isBlocked else { return }
        connection.pointee.isBlocked = isBlocked
        poller.change(
            wire.descriptor, Poller.Key(slot: slot, generation: connection.pointee.generation), alsoWriting: isBlocked)
    }

    mutating func startHandshake(_ connection: UnsafeMutablePointer<SourceConnection>, _ slot: Int) {
        guard let context = settings.context,
            connection.pointee.wire?.secure(
                by: context, asServer: false, resuming: connection.pointee.ticket) == true
        else { return lose(connection, slot) }
        connection.pointee.isHandshaking = true
        _ = handshake(connection, slot)
    }

    /// False where the handshake is not done.
    mutating func handshake(_ connection: UnsafeMutablePointer<SourceConnection>, _ slot: Int) -> Bool {
        switch connection.pointee.wire?.handshake() ?? .ended {
        case .moved: break
        case .wantsRead, .wantsWrite: return false
        case .ended:
            lose(connection, slot)
            return false
        }
        connection.pointee.isHandshaking = false
        if connection.pointee.wire?.isResumed == true {
            tally.resumedHandshakes += 1
        } else {
            tally.fullHandshakes += 1
        }
        connection.pointee.dialogue.secured()
        connection.pointee.tail.append("EHLO source.bench\r\n")
        connection.pointee.dialogue.sentHello()
        flush(connection, slot)
        return connection.pointee.wire?.hasPending == true
    }

    /// The connection has ended. What it was busy with is sent again by whoever is free.
    mutating func lose(_ connection: UnsafeMutablePointer<SourceConnection>, _ slot: Int) {
        let now = MonotonicClock.now
        let isOrderly = settings.reconnects && connection.pointee.current == nil && connection.pointee.next == nil
        let hasSucceeded = connection.pointee.hasSucceeded
        if let message = connection.pointee.current {
            tally.resent += 1
            supply.giveBack(message.number, isLater: false, at: now)
        }
        if let message = connection.pointee.next { supply.giveBack(message.number, isLater: false, at: now) }
        let wasStanding =
            connection.pointee.isIdle && connection.pointee.wire != nil
            && !connection.pointee.dialogue.isWaiting
        resting.removeAll { $0 == slot }
        disconnect(connection)
        if wasStanding {
            tally.idleStanding -= 1
            tally.idleLost += 1
            return
        }
        if isOrderly { return resting.append(slot) }
        tally.lost += 1
        // One that never worked is not tried again at once.
        if hasSucceeded && !settings.reconnects {
            connect(slot)
        } else {
            pausing.append(Poller.Key(slot: slot, generation: connection.pointee.generation), at: now)
        }
    }

    mutating func disconnect(_ connection: UnsafeMutablePointer<SourceConnection>) {
        if settings.resumes, let session = connection.pointee.wire?.session {
            SSL_SESSION_free(connection.pointee.ticket)
            connection.pointee.ticket = SSL_get1_session(session)
        }
        connection.pointee.wire?.end()
        connection.pointee.wire = nil
        connection.pointee.generation &+= 1
        connection.pointee.clear()
    }
}
