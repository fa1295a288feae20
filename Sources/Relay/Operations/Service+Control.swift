import CLinux
import DNS
import Glibc
public import Mail
import Net
import Store
import Synchronization

/// What the control socket shows.
extension Service: ControlSource {
    public func status() async -> StatusView {
        let (counted, space) = (await counts(), await space())
        let (counts, free) = (counted.value, space.value)
        let destinations = await dispatcher.summary
        let (now, age) = (Self.clock(), age)
        return StatusView(
            version: Version.text, pid: getpid(), startedAt: age.started.seconds, uptime: age.seconds,
            hostname: hostname.text,
            listeners: configuration.intake.points.map(\.description),
            store: StoreView(
                directory: configuration.store.directory, messages: counts?.messages,
                recipients: counts.map { $0.dueRecipients + $0.heldRecipients },
                quarantined: counts?.quarantinedMessages, freeBytes: free.map { Int64(clamping: $0.bytes) },
                floor: Int64(configuration.store.minimumFree), totalBytes: free.map { Int64(clamping: $0.totalBytes) },
                resting: counts?.restingMessages,
                promisedBytes: room.promised > 0 ? Int64(room.promised) : nil,
                journalBytes: free.flatMap { $0.promised > 0 ? Int64(clamping: $0.promised) : nil }),
            resolver: resolverView,
            intake: IntakeView(
                connections: counters.intakeConnections.load(ordering: .relaxed),
                acceptedTotal: counters.accepted.load(ordering: .relaxed),
                refusedTotal: counters.refused.load(ordering: .relaxed)),
            delivery: DeliveryView(
                connections: counters.deliveryConnections.load(ordering: .relaxed),
                deliveredTotal: counters.delivered.load(ordering: .relaxed),
                deferredTotal: counters.deferred.load(ordering: .relaxed),
                bouncedTotal: counters.bounced.load(ordering: .relaxed)),
            destinations: DestinationsView(active: destinations.active, backedOff: destinations.backedOff),
            warnings: warnings(counts, isLate: counted.isLate || space.isLate, prevention: await policies.prevention)
                + reportWarnings(at: now)
                + (await keyWarnings(at: now)) + monitoringWarnings,
            alarms: alarmCount)
    }

    private var resolverView: ResolverView {
        let library = UnboundVersion.linked.map { "libunbound \($0)" } ?? "libunbound"
        let (state, detail) = resolver.state.words
        let status = validation.status
        let test: (validates: Bool?, word: String, since: WallTime?) =
            switch status {
            case .validates: (true, "passes", nil)
            case .doesNotValidate:
                (false, "does-not-validate", raised(.resolverDoesNotValidate) ?? validation.failingSince)
            case .noNetwork: (nil, "no-answer", raised(.resolverFails) ?? validation.failingSince)
            case nil where configuration.dns.selfTestSecure == nil: (nil, "off", nil)
            // Not tested since the start; but what stood before has not ended with it.
            case nil:
                if let since = raised(.resolverFails) { (nil, "no-answer", since) } else { (nil, "waiting", nil) }
            }
        return ResolverView(
            state: state, validates: test.validates, selfTest: test.word, failingSince: test.since?.seconds,
            detail: detail ?? status?.description, library: library,
            unsafe: UnboundVersion.linked?.isKnownUnsafe ?? false)
    }

    /// Since when an alarm of the kind stands, which outlives a restart: the self-tests, where alarms are switched off, tell of this life alone.
    private func raised(_ kind: AlarmKind) -> WallTime? {
        ground.alarms.standing.filter { $0.kind == kind }.map(\.raisedAt).min()
    }

    private func warnings(_ counts: QueueCounts?, isLate: Bool, prevention: String?) -> [String] {
        var warnings: [String] = []
        if let trouble = hangingTrouble {
            warnings.append("\(trouble); see relayctl doctor")
        } else if counts == nil || isLate {
            warnings.append(
                "the store does not answer: its disk hangs, or is very slow, and mail may wait; see relayctl doctor")
        }
        if let (step, secondsLeft) = JudgedClock.shared.doubted {
            let when =
                secondsLeft.map { "is believed in \($0) s, until then" } ?? "is so far that it is never believed:"
            warnings.append("\(step.words): it \(when) time goes on as it did before")
        }
        if let shortage = room.shortage { warnings.append("\(room.words(of: shortage)): mail is refused with 452") }
        if let trouble = writingTrouble { warnings.append("\(trouble); \(writingCure)") }
        warnings += [journalTrouble, unsettledTrouble].compactMap(\.self)
        if case .doesNotValidate(let why) = validation.status {
            warnings.append("the resolver does not validate DNSSEC, DANE is without effect: \(why)")
        }
        if let prevention {
            warnings.append(
                "MTA-STS policies cannot be fetched by a fault on this side, and mail to domains with a new one waits: "
                    + prevention)
        }
        if let quarantined = counts?.quarantinedMessages, quarantined > 0 {
            warnings.append(
                "\(quarantined) damaged message\(quarantined == 1 ? "" : "s") in quarantine: see relayctl queue")
        }
        return warnings
    }

    /// Reports that are off although somebody meant them to be on.
    private func reportWarnings(at now: WallTime) -> [String] {
        let written = configuration.tlsrpt
        guard written.organization != nil || written.contact != nil else { return [] }
        let missing = written.missing(configuration.dkim, at: now)
        return missing.isEmpty ? [] : ["no TLS-RPT reports are sent: \(missing.joined(separator: "; "))"]
    }

    public func queue(_ query: QueueQuery) async throws -> QueuePage {
        let filter = queueFilter(query)
        let cursor = query.cursor.flatMap { Int64($0) }.map { MessageNumber($0) }
        let entries = try await store.list(filter, after: cursor, limit: query.limit)
        var messages: [MessageView] = []
        for entry in entries {
            if let detail = try await store.show(entry.message.id) { messages.append(await view(detail)) }
        }
        let next = entries.count < query.limit ? nil : entries.last.map { "\($0.message.number.value)" }
        return QueuePage(messages: messages, next: next)
    }

    public func show(_ id: QueueID) async throws -> MessageView? {
        guard let detail = try await store.show(id) else { return nil }
        return await view(detail, withHistory: true)
    }

    public func policy(_ domain: DomainName) async throws -> [UInt8] {
        let nextHop = routing.nextHop(for: .name(domain))
        async let decision = decisions.decision(for: nextHop, demand: .ordinary, isCounted: false)
        async let tlsrpt = resolver.tlsrpt(of: nextHop)
        let document = PolicyDocument(
            await decision, domain: domain, route: routing.route(to: nextHop), tlsrpt: await tlsrpt)
        return [UInt8](try document.json())
    }

    public func policyPage(after domain: DomainName?, limit: Int) async throws -> STSPage {
        let stored = try await store.policies(after: domain, limit: limit)
        return STSPage(
            policies: stored.map(STSView.init), next: stored.count < limit ? nil : stored.last?.domain.text)
    }

    public func refreshPolicy(of domain: DomainName) async -> STSRefreshView {
        STSRefreshView(await policies.refresh(domain), of: domain)
    }
}

extension ResolverState {
    /// The word of the contract, and what there is to add.
    var words: (state: String, detail: String?) {
        switch self {
        case .starting: ("restarting", nil)
        case .running: ("running", nil)
        case .restarting(let reason, let attempts): ("restarting", "\(reason) (attempt \(attempts))")
        case .failedAtStart(let reason): ("restarting", "does not come up: \(reason)")
        case .closed: ("stopped", nil)
        }
    }
}

extension ReversePath {
    /// What an operator types: an address, or nothing for the null reverse-path.
    init?(written text: String) {
        if text.isEmpty || text == "<>" {
            self = .null
        } else if let mailbox = try? Mailbox(parsing: text.utf8) {
            self = .mailbox(mailbox)
        } else {
            return nil
        }
    }
}

extension MessageView {
    init(_ detail: QueueDetail, withHistory: Bool = false) {
        let message = detail.message
        self.init(
            id: message.id.text, sender: message.reversePath.description,
            recipients: detail.recipients.map { RecipientView($0, withHistory: withHistory) },
            size: Int(clamping: message.size),
            receivedAt: message.receivedAt.seconds, expiresAt: message.expiresAt.seconds,
            returns: message.returns?.rawValue, envid: message.envelopeID,
            internationalized: message.isInternationalized, login: message.origin.login,
            forwarded: message.origin.forwarded, quarantined: message.quarantined)
    }
}

extension RecipientView {
    init(_ detail: QueueDetail.RecipientDetail, withHistory: Bool) {
        let recipient = detail.recipient
        self.init(
            address: recipient.mailbox.description, destination: recipient.destination,
            state: recipient.state.word(attempts: recipient.attempts),
            attempts: recipient.attempts,
            nextAttempt: recipient.state == .due ? recipient.nextAttempt.seconds : nil,
            reason: recipient.lastOutcome?.reason.map { ReasonView(cause: $0.cause.rawValue, detail: $0.detail) },
            lastReply: recipient.lastOutcome?.reply?.oneLine, host: recipient.lastHost,
            notify: recipient.request.notify?.text, originalRecipient: recipient.request.originalRecipient?.text,
            history: withHistory ? detail.attempts.map { TryView($0) } : nil)
    }
}

extension TryView {
    init(_ attempt: AttemptRecord) {
        self.init(
            time: attempt.time.seconds, host: attempt.host, address: attempt.address?.description,
            required: attempt.tlsLevel, verified: attempt.verifiedBy, result: attempt.result,
            reply: attempt.reply?.oneLine, milliseconds: attempt.milliseconds)
    }
}

extension RecipientState {
    /// As the operator reads it.
    func word(attempts: Int) -> String {
        switch self {
        case .due: attempts == 0 ? "queued" : "deferred"
        case .held: "held"
        case .quarantined: "quarantined"
        case .delivered: "delivered"
        case .bounced: "bounced"
        case .deleted: "deleted"
        }
    }
}
