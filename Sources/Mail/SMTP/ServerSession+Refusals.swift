/// What the server says to what it does not take, now or ever: each in words that say what to do.
extension ServerSession {
    // MARK: 4yz

    func tooManyConnections(_ limit: ConnectionLimit) -> Reply {
        switch limit {
        case .all: Reply(421, EnhancedStatusCode(4, 3, 2), "\(hostname) too many connections, try again later")
        case .client:
            Reply(421, EnhancedStatusCode(4, 7, 0), "\(hostname) too many connections from your address, close some")
        case .rate:
            Reply(
                421, EnhancedStatusCode(4, 7, 0), "\(hostname) connections from your address come too fast, slow down")
        }
    }

    /// - Parameter isPromised: there is space, and it is promised to mail that came before.
    func shortOf(_ shortage: IntakeCapacity.Shortage, isPromised: Bool = false) -> Reply {
        let words =
            switch shortage {
            case .space where isPromised: "Not enough storage for all mail that comes in at once, try again later"
            case .space: "Insufficient storage, try again later"
            case .inodes: "No room for more files, try again later"
            case .queue: "The queue is full, try again later"
            case .memory: "Too much mail is coming in at once, try again later"
            }
        return Reply(452, EnhancedStatusCode(4, 3, 1), words)
    }

    func notQueued(_ failure: CommitFailure) -> Reply {
        switch failure {
        case .storeFull: shortOf(.space)
        case .storeFailed: Reply(451, EnhancedStatusCode(4, 3, 0), "Local error, message not stored, try again later")
        }
    }

    var tooManyErrors: Reply { Reply(421, EnhancedStatusCode(4, 7, 0), "\(hostname) too many errors") }
    var tooManyLogins: Reply { Reply(421, EnhancedStatusCode(4, 7, 0), "\(hostname) too many failed logins") }
    var idleTooLong: Reply { Reply(421, EnhancedStatusCode(4, 4, 2), "\(hostname) waited too long") }
    var shuttingDown: Reply { Reply(421, EnhancedStatusCode(4, 3, 2), "\(hostname) shutting down") }
    var unanswered: Reply { configuration.unansweredInTime }
    var tooManyRecipients: Reply { Reply(452, EnhancedStatusCode(4, 5, 3), "Too many recipients in one transaction") }
    var oneRecipientOnly: Reply {
        Reply(
            452, EnhancedStatusCode(4, 5, 3), "One recipient at a time: the reply to the content is the remote host's")
    }
    var tooManyMessages: Reply {
        Reply(452, EnhancedStatusCode(4, 7, 0), "Your messages come too fast, try again later")
    }
    var recipientsTooFast: Reply {
        Reply(452, EnhancedStatusCode(4, 7, 0), "Your recipients come too fast, try again later")
    }

    func loginRefusal(_ failure: AuthenticationResult.Failure) -> Reply {
        switch failure {
        case .credentials: Reply(535, EnhancedStatusCode(5, 7, 8), "Name or password is wrong")
        case .cancelled: Reply(501, EnhancedStatusCode(5, 7, 0), "Authentication cancelled")
        case .malformed: Reply(501, EnhancedStatusCode(5, 5, 2), "Malformed response")
        case .tooLong:
            Reply(500, EnhancedStatusCode(5, 5, 6), "More than \(AuthenticationResult.lineLimit) octets in a line")
        case .unavailable, .timedOut, .peerClosed, .shuttingDown:
            Reply(454, EnhancedStatusCode(4, 7, 0), "Logins cannot be checked now, try again later")
        }
    }

    // MARK: 5yz

    func refusalGreeting(_ words: String) -> Reply { Reply(554, nil, "\(hostname) \(words)") }

    func refusedUser(_ words: String) -> Reply { Reply(554, EnhancedStatusCode(5, 7, 1), words) }

    /// With the operator's words again: a client may show its last reply only.
    var refusedBefore: Reply {
        Reply(503, EnhancedStatusCode(5, 5, 1), "Refused, QUIT is all that is left: \(terms.refusal ?? "")")
    }
    var lineTooLong: Reply { Reply(500, EnhancedStatusCode(5, 5, 2), "Line of more than \(Command.lineLimit) octets") }
    var wrongGreeting: Reply {
        Reply(
            500, EnhancedStatusCode(5, 5, 1),
            configuration.spoken == .lmtp ? "This is LMTP: LHLO" : "This is SMTP: EHLO")
    }
    var encryptionNeeded: Reply {
        Reply(530, EnhancedStatusCode(5, 7, 10), "REQUIRETLS is for sessions inside TLS only")
    }
    var startTLSFirst: Reply { Reply(530, EnhancedStatusCode(5, 7, 0), "STARTTLS first") }
    var loginFirst: Reply { Reply(530, EnhancedStatusCode(5, 7, 0), "Authentication required: AUTH first") }
    var helloFirst: Reply {
        Reply(503, EnhancedStatusCode(5, 5, 1), configuration.spoken == .lmtp ? "LHLO first" : "EHLO first")
    }
    var mailFirst: Reply { Reply(503, EnhancedStatusCode(5, 5, 1), "MAIL first") }
    var recipientFirst: Reply { Reply(503, EnhancedStatusCode(5, 5, 1), "RCPT first") }
    var nestedMail: Reply { Reply(503, EnhancedStatusCode(5, 5, 1), "A transaction is open") }
    var chunksOpen: Reply { Reply(503, EnhancedStatusCode(5, 5, 1), "The content has begun: BDAT or RSET") }
    var alreadySecured: Reply { Reply(503, EnhancedStatusCode(5, 5, 1), "TLS is active") }
    var alreadyLoggedIn: Reply { Reply(503, EnhancedStatusCode(5, 5, 1), "You are logged in") }
    var unknownMechanism: Reply { Reply(504, EnhancedStatusCode(5, 5, 4), "This mechanism is not known here") }
    var mechanismNeedsTLS: Reply {
        Reply(538, EnhancedStatusCode(5, 7, 11), "This mechanism is for sessions inside TLS")
    }
    var noRecipients: Reply { Reply(554, EnhancedStatusCode(5, 5, 1), "No valid recipients") }
    var partialSender: Reply {
        Reply(
            configuration.role == .submission ? 554 : 553, EnhancedStatusCode(5, 1, 8),
            "Sender domain is not fully qualified")
    }
    var partialRecipient: Reply {
        Reply(
            configuration.role == .submission ? 554 : 553, EnhancedStatusCode(5, 1, 2),
            "Recipient domain is not fully qualified")
    }
    var recipientNeedsUTF8: Reply {
        Reply(553, EnhancedStatusCode(5, 6, 7), "Internationalized recipient address: MAIL has no SMTPUTF8")
    }
    var noPostmaster: Reply { Reply(550, EnhancedStatusCode(5, 1, 1), "No postmaster mailbox here") }
    var relayDenied: Reply { Reply(550, EnhancedStatusCode(5, 7, 1), "Relaying denied") }
    var forwardingDenied: Reply { Reply(550, EnhancedStatusCode(5, 7, 1), "XFORWARD is not for you") }
    func badForwarding(_ fault: ForwardedClient.Fault) -> Reply {
        Reply(501, EnhancedStatusCode(5, 5, 4), "XFORWARD: \(fault.words)")
    }
    var senderDenied: Reply { Reply(553, EnhancedStatusCode(5, 7, 1), "You may not send from this domain") }
    var tooLarge: Reply {
        Reply(552, EnhancedStatusCode(5, 3, 4), "Message exceeds \(configuration.messageLimit) octets")
    }
    var loop: Reply {
        Reply(554, EnhancedStatusCode(5, 4, 6), "More than \(configuration.receivedLimit) Received fields: mail loop")
    }

    func bareLineEnd(_ line: Int) -> Reply {
        Reply(554, EnhancedStatusCode(5, 6, 0), "Bare CR or LF in line \(line) (SMTP smuggling is refused)")
    }

    func longLine(_ line: Int) -> Reply {
        Reply(
            554, EnhancedStatusCode(5, 6, 0),
            "Line \(line) is longer than \(ContentReader.lineLimit) octets (RFC 5322 section 2.1.1)")
    }
}

extension ServerSession.Configuration {
    /// Nobody knows in time what became of a recipient whose delivery the client waits for.
    public var unansweredInTime: Reply {
        Reply(451, EnhancedStatusCode(4, 4, 7), "The remote host has not answered in time, try again later")
    }
}
