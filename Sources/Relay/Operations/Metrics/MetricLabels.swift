import Mail

/// What became of a recipient or an attempt, as a label.
enum OutcomeLabel: String, Hashable, Sendable, CaseIterable {
    case delivered, deferred, bounced

    init(_ outcome: Outcome) {
        switch outcome {
        case .delivered: self = .delivered
        case .deferred: self = .deferred
        case .bounced: self = .bounced
        }
    }
}

/// Parts of a delivery that are timed.
enum DeliveryStep: String, Hashable, Sendable, CaseIterable {
    /// Finding routes and policies.
    case lookup
    case connect
    /// The TLS handshake.
    case tls
    /// Greeting to final reply without the handshake; on a kept connection one transaction.
    case smtp
}

/// Why a connection to the intake was closed with 421 or without a word.
enum ConnectionRefusalLabel: String, Hashable, Sendable, CaseIterable {
    /// `intake.connection_limit`
    case server
    /// Its own limit.
    case client
    /// Its own rate.
    case rate
    /// No right PROXY header.
    case proxy

    init(_ limit: ServerSession.ConnectionLimit) {
        switch limit {
        case .all: self = .server
        case .client: self = .client
        case .rate: self = .rate
        }
    }
}

/// How a fetch of an MTA-STS policy ended: the words of RFC 8460 §4.3.2.2 where it failed by the domain.
enum STSFetchLabel: String, Hashable, Sendable, CaseIterable {
    case success
    case fetchError = "sts-policy-fetch-error"
    case invalid = "sts-policy-invalid"
    case untrusted = "sts-webpki-invalid"
    /// By a lack of ours.
    case prevented

    /// - Parameter fault: nil where a policy came of it.
    init(_ fault: STSFetchFault?) {
        switch fault?.type {
        case nil: self = .success
        case .stsPolicyInvalid: self = .invalid
        case .stsWebPKIInvalid: self = .untrusted
        default: self = .fetchError
        }
    }
}

/// What the TLSA lookup of a host came to.
enum TLSALabel: String, Hashable, Sendable, CaseIterable {
    /// Secure, and of some use: DANE holds.
    case usable
    /// Secure, and none of them can be used: TLS is demanded, and no certificate.
    case unusable
    /// Not signed: they bind nobody.
    case insecure
    case absent
    /// Not known: the host is left alone.
    case failed
    /// DANE cannot apply.
    case notAsked = "not-asked"

    init(_ facts: TLSAFacts) {
        switch facts.lookup {
        case .found where facts.security != .secure: self = .insecure
        case .found: self = facts.usableRecords.isEmpty ? .unusable : .usable
        case .absent: self = .absent
        case .failed: self = .failed
        case .notQueried: self = .notAsked
        }
    }
}

/// How a TLS-RPT report travels.
enum ReportTransportLabel: String, Hashable, Sendable, CaseIterable {
    case mail, https, directory

    /// - Parameter uri: of a destination that is not a mailbox.
    init(uri: String) { self = uri.hasPrefix("https:") ? .https : .directory }
}

/// What became of one try to bring a TLS-RPT report somewhere.
enum ReportResultLabel: String, Hashable, Sendable, CaseIterable { case accepted, postponed, failed }

/// Which class a refusal of the intake belongs to.
enum ReplyClassLabel: String, Hashable, Sendable, CaseIterable {
    case transient = "4yz"
    case permanent = "5yz"

    init(_ reply: Reply) { self = reply.isPermanentFailure ? .permanent : .transient }
}

/// Why the intake refused a command or a message, in one word: read from the reply, whose codes are the intake's own.
enum RefusalLabel: String, Hashable, Sendable, CaseIterable {
    case stopping
    case tooManyErrors = "too-many-errors"
    case idle
    case noRoom = "no-room"
    case storeFailed = "store-failed"
    case tooManyRecipients = "too-many-recipients"
    case rate
    case loginUnavailable = "login-unavailable"
    case loginFailed = "login-failed"
    /// TLS, or a login, comes first.
    case notSecured = "not-secured"
    case syntax
    case sequence
    /// No right to relay, or to say XFORWARD.
    case relaying
    /// Not from this sender's domain.
    case sender
    /// The operator's words for this client.
    case client
    case address
    case tooLarge = "too-large"
    case loop
    /// Bare CR or LF, long lines.
    case content
    /// What the next hop said, where the client waited for it.
    case nextHop = "next-hop"
    case other

    /// - Parameter reply: one of the intake's own.
    init(_ reply: Reply) {
        switch (reply.code, reply.enhanced?.subject ?? 0, reply.enhanced?.detail ?? 0) {
        case (421, 3, 2): self = .stopping
        case (421, 7, 0): self = .tooManyErrors
        case (421, 4, 2): self = .idle
        case (452, 3, 1): self = .noRoom
        case (451, 3, 0): self = .storeFailed
        case (451, 4, 7): self = .nextHop
        case (452, 5, 3): self = .tooManyRecipients
        case (452, 7, 0): self = .rate
        case (454, 7, 0): self = .loginUnavailable
        case (535, _, _), (501, 7, 0): self = .loginFailed
        case (530, _, _), (538, _, _): self = .notSecured
        case (503, _, _), (554, 5, 1): self = .sequence
        case (550, 7, 1): self = .relaying
        case (553, 7, 1): self = .sender
        case (554, 7, 1), (554, 0, 0): self = .client
        case (_, 1, _), (_, 6, 7): self = .address
        case (552, 3, 4): self = .tooLarge
        case (554, 4, 6): self = .loop
        case (554, 6, 0): self = .content
        case (500, _, _), (501, _, _), (502, _, _), (504, _, _), (555, _, _): self = .syntax
        default: self = .other
        }
    }
}
