extension SourceLoop {
    /// Reads what has come, and does what each reply asks for.
    mutating func serve(_ event: Poller.Event) {
        let slot = event.key.slot
        let connection = connections[slot]
        guard connection.pointee.generation == event.key.generation, connection.pointee.wire != nil else { return }
        if event.isWritable { flush(connection, slot) }
        guard event.isReadable else { return }
        repeat {
            if connection.pointee.isHandshaking && !handshake(connection, slot) { return }
            guard let wire = connection.pointee.wire else { return }
            switch wire.receive(into: input) {
            case .wantsRead, .wantsWrite: return
            case .ended: return lose(connection, slot)
            case .moved(let count):
                take(UnsafeRawBufferPointer(rebasing: input[..<count]), connection, event.key)
            }
        } while connection.pointee.generation == event.key.generation && connection.pointee.wire?.hasPending == true
    }

    private mutating func take(
        _ chunk: UnsafeRawBufferPointer, _ connection: UnsafeMutablePointer<SourceConnection>, _ key: Poller.Key
    ) {
        let now = MonotonicClock.now
        lastProgress = now
        var place = 0
        while let line = connection.pointee.reader.next(in: chunk, from: &place) {
            let action = connection.pointee.dialogue.replied(line, connection.pointee.reader.head)
            perform(action, connection, key.slot, at: now)
            guard connection.pointee.generation == key.generation else { return }
        }
        flush(connection, key.slot)
    }

    private mutating func perform(
        _ action: SourceDialogue.Action, _ connection: UnsafeMutablePointer<SourceConnection>, _ slot: Int,
        at now: UInt64
    ) {
        switch action {
        case .wait:
            break
        case .sendHello:
            connection.pointee.tail.append("EHLO source.bench\r\n")
            connection.pointee.dialogue.sentHello()
        case .sendStartTLS:
            connection.pointee.tail.append("STARTTLS\r\n")
            connection.pointee.dialogue.sentStartTLS()
        case .startHandshake:
            startHandshake(connection, slot)
        case .ready:
            becomeReady(connection, slot, at: now)
        case .sendRecipient:
            guard let next = connection.pointee.next else { break }
            settings.envelopes.appendRecipient(of: next.number, to: &connection.pointee.tail)
            connection.pointee.dialogue.sentRecipient()
        case .sendData:
            connection.pointee.tail.append(SourceEnvelopes.data)
            connection.pointee.dialogue.sentData()
        case .sendContent:
            sendContent(connection, at: now)
        case .sendNothing:
            connection.pointee.tail.append(".\r\n")
            connection.pointee.dialogue.sentNothing()
        case .accepted, .deferred, .refused:
            settle(action, connection, slot, at: now)
        case .envelopeFailed(let isTransient, let needsReset):
            envelopeFailed(isTransient, needsReset, connection, slot, at: now)
        case .lost:
            lose(connection, slot)
        }
    }

    private mutating func becomeReady(
        _ connection: UnsafeMutablePointer<SourceConnection>, _ slot: Int, at now: UInt64
    ) {
        supply.begin(at: now)
        if connection.pointee.isIdle {
            tally.idleStanding += 1
            connection.pointee.tail.release()
        } else if connection.pointee.shallPause {
            connection.pointee.shallPause = false
            pausing.append(Poller.Key(slot: slot, generation: connection.pointee.generation), at: now)
        } else if connection.pointee.next != nil {
            sendEnvelope(connection, slot)
        } else if let message = supply.take(at: now) {
            start(message, slot, at: now)
        } else {
            resting.append(slot)
        }
    }

    /// MAIL, and with pipelining RCPT and DATA with it. Sent with what else there is, or by `take`.
    mutating func sendEnvelope(_ connection: UnsafeMutablePointer<SourceConnection>, _ slot: Int) {
        appendEnvelope(connection)
        flush(connection, slot)
    }

    private func appendEnvelope(_ connection: UnsafeMutablePointer<SourceConnection>) {
        guard let next = connection.pointee.next else { return }
        settings.envelopes.appendMail(
            withSize: connection.pointee.dialogue.offer.hasSize, to: &connection.pointee.tail)
        if connection.pointee.dialogue.isPipelining {
            settings.envelopes.appendRecipient(of: next.number, to: &connection.pointee.tail)
            connection.pointee.tail.append(SourceEnvelopes.data)
        }
        connection.pointee.dialogue.sentEnvelope()
    }

    /// The content, and behind it the next envelope where pipelining allows it.
    private mutating func sendContent(_ connection: UnsafeMutablePointer<SourceConnection>, at now: UInt64) {
        guard let message = connection.pointee.next else { return }
        // An open loop counts from when it should have been sent: a relay that cannot keep up makes nothing shorter.
        let submitted = message.due ?? now
        if let due = message.due, now > due { tally.greatestDelay = max(tally.greatestDelay, now - due) }
        connection.pointee.putContent(
            settings.content,
            Marker(sequence: settings.firstSequence &+ UInt64(message.number), nanoseconds: submitted))
        connection.pointee.current = message
        connection.pointee.next = nil
        connection.pointee.contentMoment = now
        connection.pointee.tail.append(".\r\n")
        connection.pointee.dialogue.sentContent()
        guard connection.pointee.dialogue.isPipelining else { return }
        if settings.reconnects {
            connection.pointee.tail.append("QUIT\r\n")
            connection.pointee.dialogue.sentQuit()
        } else if let following = supply.take(at: now) {
            connection.pointee.next = following
            appendEnvelope(connection)
        }
    }

    private mutating func settle(
        _ outcome: SourceDialogue.Action, _ connection: UnsafeMutablePointer<SourceConnection>, _ slot: Int,
        at now: UInt64
    ) {
        guard let message = connection.pointee.current else { return }
        connection.pointee.current = nil
        connection.pointee.hasSucceeded = true
        tally.replies.add(now - connection.pointee.contentMoment)
        switch outcome {
        case .accepted: tally.accepted += 1
        case .deferred:
            tally.deferred += 1
            supply.giveBack(message.number, isLater: true, at: now)
        default: tally.refused += 1
        }
        tally.last = now
        if settings.reconnects {
            guard !connection.pointee.dialogue.isWaiting else { return }
            connection.pointee.tail.append("QUIT\r\n")
            connection.pointee.dialogue.sentQuit()
        } else if connection.pointee.next == nil {
            becomeReady(connection, slot, at: now)
        }
    }

    private mutating func envelopeFailed(
        _ isTransient: Bool, _ needsReset: Bool, _ connection: UnsafeMutablePointer<SourceConnection>, _ slot: Int,
        at now: UInt64
    ) {
        if let message = connection.pointee.next {
            connection.pointee.next = nil
            if isTransient {
                tally.deferred += 1
                supply.giveBack(message.number, isLater: true, at: now)
            } else {
                tally.refused += 1
                tally.last = now
            }
        }
        // A relay that wants less mail gets less: the session waits, not only the message.
        connection.pointee.shallPause = isTransient
        if needsReset {
            connection.pointee.tail.append("RSET\r\n")
            connection.pointee.dialogue.sentReset()
        } else {
            becomeReady(connection, slot, at: now)
        }
    }
}
