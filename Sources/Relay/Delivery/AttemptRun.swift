import Mail
import Net
import Store

/// The book of one delivery attempt: who is settled, who still needs a host, and what was tried.
struct AttemptRun {
    let job: Job
    var state: AttemptState
    /// Fields that go above the content.
    var signature: [UInt8] = []
    /// When the try under way began.
    var started = Deadline.now
    /// Milliseconds until routes and policies were known.
    var lookupTook: Int64 = 0
    /// Key of the document of the decision under way.
    var decision: String?
    /// What the decision under way knows of MTA-STS, for the log.
    var sts = STSFacts.notApplicable
    private(set) var lastEnd: SessionResult?
    /// Why the host tried last left recipients unsettled, in a session that ended well.
    private(set) var lastHostReason: Reason?

    private var settled: [AttemptResult.Settled?]
    /// Indices into the job's recipients, in order: those the next transaction carries.
    private var open: [Int]
    /// Those that this host leaves to the next.
    private var leftOver: [Int] = []
    /// What the last host said about a recipient it would not take.
    private var hostWords: [Int: (Reason, Reply?)] = [:]
    private var attempts: [AttemptRecord] = []
    private var passedOver: [AttemptResult.PassedOver] = []
    private var sessions: [ReportedSession] = []
    /// What was counted without a connection: once per attempt, however often it is met (D3).
    private var countedOnce: Set<ReportedSession> = []
    /// The end of the first rest that stood in the way; nil once anything else was tried or found out about a host.
    private var rest: WallTime?
    private var hasTried = false
    /// The end of the daemon came before each host had been asked.
    private(set) var wasCut = false
    private var trace = AttemptResult.Trace()
    private var family: AddressFamily?
    /// Some host took part in a transaction: the destination is up, whatever it said.
    private var hadSession = false

    init(job: Job) {
        self.job = job
        state = AttemptState(number: job.attemptNumber)
        settled = Array(repeating: nil, count: job.recipients.count)
        open = Array(job.recipients.indices)
    }

    /// Set where nothing was tried, because no host may be connected to before that time.
    var restsUntil: WallTime? { hasTried ? nil : rest }

    mutating func cutOff() { wasCut = true }

    var isComplete: Bool { open.isEmpty && leftOver.isEmpty }
    /// True where the host under way still has somebody to be asked about.
    var hasOpen: Bool { !open.isEmpty }

    /// Those the last host left are open for the next.
    mutating func turnToNextHost() {
        open = (open + leftOver).sorted()
        leftOver = []
        lastEnd = nil
        lastHostReason = nil
    }

    /// The next transaction: everybody who is open at this host.
    var transaction: ClientTransaction {
        ClientTransaction(
            reversePath: job.message.reversePath,
            recipients: open.map { Envelope.Recipient(job.recipients[$0].mailbox, job.recipients[$0].request) },
            size: Int(clamping: job.message.size) + signature.count, has8bit: job.message.hasEightBit,
            demand: job.message.demand, returns: job.message.returns, envelopeID: job.message.envelopeID,
            needsUTF8Header: job.message.needsUTF8Header)
    }

    /// Results of a transaction, in the order of ``transaction``.
    mutating func note(_ results: [RecipientResult], over connection: ClientConnection, at time: WallTime) {
        hadSession = true
        hasTried = true
        family = connection.candidate.address.family
        trace = self.trace(of: connection)
        lastEnd = nil
        lastHostReason = nil
        var again: [Int] = []
        var worst: Outcome?
        for (index, result) in zip(open, results) {
            switch result {
            case .settled(let outcome):
                settled[index] = AttemptResult.Settled(outcome: outcome, trace: trace)
                worst = worst.map { $0.isWorse(than: outcome) ? $0 : outcome } ?? outcome
            case .tryNextHost(let reason, let reply):
                hostWords[index] = (reason, reply)
                lastHostReason = reason
                leftOver.append(index)
                worst = .deferred(reason, reply)
            case .nextTransaction:
                again.append(index)
            }
        }
        // A host that takes none of those it asked to be given again would be asked for ever.
        if again.count == open.count, !again.isEmpty {
            let reason = Reason(
                .protocolError, "\(connection.candidate.host.host) takes no recipient in a new transaction")
            for index in again { hostWords[index] = (reason, nil) }
            lastHostReason = reason
            leftOver += again
            again = []
        }
        open = again
        if let worst {
            attempts.append(record(connection.candidate, connection, worst, at: time))
        }
    }

    /// Of a try that came to no connection: what it took to find that out.
    private var phasesOfConnecting: PhaseTimes {
        var phases = PhaseTimes()
        phases[.lookup] = lookupTook
        phases[.connect] = started.elapsedMilliseconds
        return phases
    }

    /// Of a host that was not connected to.
    private var phasesOfLookup: PhaseTimes {
        var phases = PhaseTimes()
        phases[.lookup] = lookupTook
        return phases
    }

    /// The end of a session in the middle of a transaction.
    mutating func note(_ end: SessionResult, over connection: ClientConnection, at time: WallTime) {
        if !end.results.isEmpty {
            let before = hadSession
            note(end.results, over: connection, at: time)
            // A session that broke before anybody was judged is none.
            hadSession = before || end.results.contains(where: \.isVerdict)
        }
        hasTried = true
        trace = self.trace(of: connection)
        lastEnd = end
        if let failure = end.failure {
            for index in open { hostWords[index] = (failure, end.reply) }
            passedOver.append(AttemptResult.PassedOver(trace: trace, reason: failure))
            if end.results.isEmpty {
                attempts.append(record(connection.candidate, connection, .deferred(failure, end.reply), at: time))
            }
        }
    }

    private func trace(of connection: ClientConnection) -> AttemptResult.Trace {
        var trace = connection.trace.under(sts)
        let (connect, handshake) = connection.setUp
        trace.times = AttemptResult.Trace.Times(
            lookup: lookupTook, connect: connect, handshake: handshake,
            smtp: max(0, started.elapsedMilliseconds - connect - handshake))
        return trace
    }

    /// A host that was not even connected to.
    mutating func noteTry(
        _ candidate: DeliveryPlan.Candidate, _ connection: ClientConnection?, _ reason: Reason, _ reply: Reply?,
        since start: Deadline, at time: WallTime
    ) {
        hasTried = true
        started = start
        trace = AttemptResult.Trace(
            host: candidate.host.host, address: candidate.address, requirement: candidate.requirement.level,
            by: candidate.requirement.by, rule: candidate.rule, exception: candidate.beside.exception?.inLog
        ).under(sts)
        passedOver.append(AttemptResult.PassedOver(trace: trace, reason: reason))
        for index in open { hostWords[index] = (reason, reply) }
        attempts.append(record(candidate, connection, .deferred(reason, reply), at: time))
    }

    /// A host that rests.
    mutating func noteRest(of host: HostFacts, _ reason: Reason, seconds: Int64, at time: WallTime) {
        let before = hasTried
        noteSkip(host, reason, rule: nil, at: time)
        hasTried = before
        let end = time.advanced(by: seconds)
        rest = rest.map { min($0, end) } ?? end
    }

    /// A host that was passed over by policy or for want of an address.
    mutating func noteSkip(_ host: HostFacts, _ reason: Reason, rule: String?, at time: WallTime) {
        hasTried = true
        trace = AttemptResult.Trace(host: host.host, rule: rule).under(sts)
        passedOver.append(AttemptResult.PassedOver(trace: trace, reason: reason))
        for index in open + leftOver { hostWords[index] = (reason, nil) }
        attempts.append(
            AttemptRecord(
                time: time, host: host.host.description, address: nil, result: "skipped \(reason.cause.rawValue)",
                milliseconds: 0, decision: decision, times: phasesOfLookup.description))
    }

    /// Counts a connection under each policy that was met (D3 (a)).
    mutating func count(_ connection: ClientConnection, under inputs: PolicyInputs) {
        guard job.isCounted, !connection.results.isEmpty else { return }
        sessions += inputs.sessions(connection.results, at: connection.candidate.host, between: connection.ends)
    }

    /// Counts what was ruled out without a connection (D3 (b)).
    mutating func count(_ results: [PolicyResult], at host: HostFacts?, under inputs: PolicyInputs) {
        guard job.isCounted, !results.isEmpty else { return }
        for session in inputs.sessions(results, at: host) where countedOnce.insert(session).inserted {
            sessions.append(session)
        }
    }

    /// What it all came to. `failure` speaks for those no host took.
    /// - Parameter time: of an attempt that came to no host at all, and is written down all the same.
    func result(failure: AttemptFailure?, at time: WallTime) -> AttemptResult {
        var attempts = attempts
        if attempts.isEmpty, let failure {
            let verdict: Outcome =
                failure.isPermanent ? .bounced(failure.reason, nil) : .deferred(failure.reason, nil)
            attempts.append(
                AttemptRecord(
                    time: time, host: nil, address: nil, result: verdict.word, milliseconds: lookupTook,
                    decision: decision, times: phasesOfLookup.description))
        }
        let recipients = settled.indices.map { index -> AttemptResult.Settled in
            if let done = settled[index] { return done }
            return AttemptResult.Settled(outcome: outcome(of: index, failure), trace: trace)
        }
        return AttemptResult(
            recipients: recipients, attempts: attempts,
            // "No such domain" is an answer about each message, not an outage to wait out.
            destinationFailure: hadSession || failure?.isPermanent == true ? nil : failure?.reason, family: family,
            passedOver: passedOver, sessions: sessions)
    }

    /// Not even begun: all recipients stay, or bounce, for a reason of ours.
    func result(_ outcome: Outcome) -> AttemptResult {
        AttemptResult(
            recipients: job.recipients.map { _ in AttemptResult.Settled(outcome: outcome, trace: trace) }, attempts: [])
    }

    private func outcome(of index: Int, _ failure: AttemptFailure?) -> Outcome {
        let words = hostWords[index]
        guard let failure else {
            let reason = words?.0 ?? Reason(.localFailure, "the attempt ended without a result")
            return .deferred(reason, words?.1)
        }
        let reply = words?.0 == failure.reason ? words?.1 : nil
        return failure.isPermanent ? .bounced(failure.reason, reply) : .deferred(failure.reason, reply)
    }

    private func record(
        _ candidate: DeliveryPlan.Candidate, _ connection: ClientConnection?, _ outcome: Outcome, at time: WallTime
    ) -> AttemptRecord {
        let verified = connection?.verified
        return AttemptRecord(
            time: time, host: candidate.host.host.description, address: candidate.address,
            tlsLevel: candidate.requirement.level.rawValue,
            verifiedBy: verified.flatMap { $0.isAuthenticated ? $0.rawValue : nil },
            requiredBy: candidate.requirement.by?.rawValue, result: outcome.word, reply: outcome.reply,
            milliseconds: started.elapsedMilliseconds, decision: decision, evidence: connection?.evidenceKey,
            times: (connection?.phases(lookup: lookupTook) ?? phasesOfConnecting).description)
    }
}

extension ClientConnection {
    /// For the log line of what went over this connection.
    var trace: AttemptResult.Trace {
        AttemptResult.Trace(
            host: candidate.host.host, address: candidate.address, tlsVersion: facts?.version, verified: verified,
            requirement: candidate.requirement.level, by: candidate.requirement.by, rule: candidate.rule,
            observed: observed, exception: candidate.beside.exception?.inLog,
            observedRules: shadows.observedWords(mailGoes: refusal == nil), handedOnNotify: offersDSN)
    }
}

extension VerifiedLevel {
    /// The host proved who it is.
    var isAuthenticated: Bool {
        switch self {
        case .none, .encrypted: false
        case .dane, .daneHost, .webPKI, .fingerprint: true
        }
    }
}

extension Outcome {
    /// "delivered", "deferred dane-mismatch", "bounced remote-reply".
    var word: String {
        switch self {
        case .delivered: "delivered"
        case .deferred(let reason, _): "deferred \(reason.cause.rawValue)"
        case .bounced(let reason, _): "bounced \(reason.cause.rawValue)"
        }
    }

    var reply: Reply? {
        switch self {
        case .delivered(let reply): reply
        case .deferred(_, let reply), .bounced(_, let reply): reply
        }
    }

    private var rank: Int {
        switch self {
        case .delivered: 0
        case .deferred: 1
        case .bounced: 2
        }
    }

    func isWorse(than other: Outcome) -> Bool { rank > other.rank }
}

extension Deadline {
    /// Milliseconds since this instant.
    var elapsedMilliseconds: Int64 {
        let now = Deadline.now.nanoseconds
        return now > nanoseconds ? Int64(clamping: (now - nanoseconds) / 1_000_000) : 0
    }
}

extension RecipientResult {
    /// The host decided something about the recipient, or said so in words.
    fileprivate var isVerdict: Bool {
        switch self {
        case .settled(.delivered), .settled(.bounced), .nextTransaction: true
        case .settled(.deferred(_, let reply)), .tryNextHost(_, let reply): reply != nil
        }
    }
}
