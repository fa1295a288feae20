/// What the server says. Each reply but the greeting, those to EHLO and HELO, and 354 carries an enhanced status code
/// (RFC 2034 §4).
extension ServerSession {
    private var hostname: String { configuration.hostname.text }

    // 2yz and 3yz
    var greeting: Reply { Reply(220, nil, "\(hostname) ESMTP Waxwing") }
    var heloReply: Reply { Reply(250, nil, hostname) }
    var goodbye: Reply { Reply(221, EnhancedStatusCode(2, 0, 0), "\(hostname) closing connection") }
    var ok: Reply { Reply(250, EnhancedStatusCode(2, 0, 0), "Ok") }
    var senderAccepted: Reply { Reply(250, EnhancedStatusCode(2, 1, 0), "Ok") }
    var recipientAccepted: Reply { Reply(250, EnhancedStatusCode(2, 1, 5), "Ok") }
    var goAhead: Reply { Reply(354, nil, "End data with <CR><LF>.<CR><LF>") }
    var cannotVerify: Reply { Reply(252, EnhancedStatusCode(2, 5, 2), "Cannot verify, but will take mail and try") }
    var help: Reply { Reply(214, EnhancedStatusCode(2, 0, 0), "See RFC 5321") }
    var readyForTLS: Reply { Reply(220, EnhancedStatusCode(2, 0, 0), "Ready to start TLS") }

    func queued(_ id: QueueID) -> Reply { Reply(250, EnhancedStatusCode(2, 0, 0), "Ok: queued as \(id)") }

    /// Nothing is listed that is not honoured (RFC 5321 §2.2.2), and STARTTLS only where it can succeed (RFC 3207 §4.2).
    var ehloReply: Reply {
        var lines = [hostname, "PIPELINING", "SIZE \(configuration.messageLimit)", "8BITMIME", "ENHANCEDSTATUSCODES"]
        if configuration.offersTLS, tls == nil { lines.append("STARTTLS") }
        // Only where it can be kept: the client's words came over TLS too (RFC 8689 §2, INT-07).
        if tls != nil { lines.append("REQUIRETLS") }
        return Reply(250, lines: lines)
    }

    // 4yz
    var tooManyConnections: Reply { Reply(421, EnhancedStatusCode(4, 3, 2), "\(hostname) too many connections") }
    var tooManyErrors: Reply { Reply(421, EnhancedStatusCode(4, 7, 0), "\(hostname) too many errors") }
    var idleTooLong: Reply { Reply(421, EnhancedStatusCode(4, 4, 2), "\(hostname) waited too long") }
    var shuttingDown: Reply { Reply(421, EnhancedStatusCode(4, 3, 2), "\(hostname) shutting down") }
    var spaceShort: Reply { Reply(452, EnhancedStatusCode(4, 3, 1), "Insufficient storage, try again later") }
    var tooManyRecipients: Reply { Reply(452, EnhancedStatusCode(4, 5, 3), "Too many recipients in one transaction") }

    func notQueued(_ failure: CommitFailure) -> Reply {
        switch failure {
        case .storeFull: spaceShort
        case .storeFailed: Reply(451, EnhancedStatusCode(4, 3, 0), "Local error, message not stored, try again later")
        }
    }

    // 5yz
    var lineTooLong: Reply { Reply(500, EnhancedStatusCode(5, 5, 2), "Line of more than \(Command.lineLimit) octets") }
    var badParameter: Reply { Reply(501, EnhancedStatusCode(5, 5, 4), "Malformed parameter") }
    var unknownParameter: Reply { Reply(555, EnhancedStatusCode(5, 5, 4), "Parameter not recognized") }
    var encryptionNeeded: Reply {
        Reply(530, EnhancedStatusCode(5, 7, 10), "REQUIRETLS is for sessions inside TLS only")
    }
    var helloFirst: Reply { Reply(503, EnhancedStatusCode(5, 5, 1), "EHLO first") }
    var mailFirst: Reply { Reply(503, EnhancedStatusCode(5, 5, 1), "MAIL first") }
    var nestedMail: Reply { Reply(503, EnhancedStatusCode(5, 5, 1), "A transaction is open") }
    var alreadySecured: Reply { Reply(503, EnhancedStatusCode(5, 5, 1), "TLS is active") }
    var noRecipients: Reply { Reply(554, EnhancedStatusCode(5, 5, 1), "No valid recipients") }
    var partialSender: Reply { Reply(553, EnhancedStatusCode(5, 1, 8), "Sender domain is not fully qualified") }
    var partialRecipient: Reply { Reply(553, EnhancedStatusCode(5, 1, 2), "Recipient domain is not fully qualified") }
    var noPostmaster: Reply { Reply(550, EnhancedStatusCode(5, 1, 1), "No postmaster mailbox here") }
    var relayDenied: Reply { Reply(550, EnhancedStatusCode(5, 7, 1), "Relaying denied") }
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
