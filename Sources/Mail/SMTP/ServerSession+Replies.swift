/// What the server says to what it takes. Each reply but the greeting, those to EHLO and HELO, and 354 carries an enhanced
/// status code (RFC 2034 §4).
extension ServerSession {
    var hostname: String { configuration.hostname.text }

    var greeting: Reply {
        Reply(220, nil, "\(hostname) \(configuration.spoken == .lmtp ? "LMTP" : "ESMTP") Waxwing")
    }
    var heloReply: Reply { Reply(250, nil, hostname) }
    var goodbye: Reply { Reply(221, EnhancedStatusCode(2, 0, 0), "\(hostname) closing connection") }
    var ok: Reply { Reply(250, EnhancedStatusCode(2, 0, 0), "Ok") }
    var senderAccepted: Reply { Reply(250, EnhancedStatusCode(2, 1, 0), "Ok") }
    var recipientAccepted: Reply { Reply(250, EnhancedStatusCode(2, 1, 5), "Ok") }
    var goAhead: Reply { Reply(354, nil, "End data with <CR><LF>.<CR><LF>") }
    var cannotVerify: Reply { Reply(252, EnhancedStatusCode(2, 5, 2), "Cannot verify, but will take mail and try") }
    var help: Reply { Reply(214, EnhancedStatusCode(2, 0, 0), "See RFC 5321") }
    var readyForTLS: Reply { Reply(220, EnhancedStatusCode(2, 0, 0), "Ready to start TLS") }
    var loggedIn: Reply { Reply(235, EnhancedStatusCode(2, 7, 0), "Authentication successful") }

    func queued(_ id: QueueID) -> Reply { Reply(250, EnhancedStatusCode(2, 0, 0), "Ok: queued as \(id)") }

    /// - `size`: octets of the content so far.
    func chunkAccepted(_ size: Int) -> Reply { Reply(250, EnhancedStatusCode(2, 0, 0), "\(size) octets received") }

    /// Nothing is listed that is not honoured (RFC 5321 §2.2.2), and STARTTLS only where it can succeed (RFC 3207 §4.2).
    var ehloReply: Reply {
        var lines = [
            hostname, "PIPELINING", "SIZE \(configuration.messageLimit)", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN",
            "SMTPUTF8", "CHUNKING", "LIMITS RCPTMAX=\(configuration.announcedRecipientLimit)",
        ]
        if configuration.offersTLS, tls == nil { lines.append("STARTTLS") }
        // Only where it can be kept: the client's words came over TLS too (RFC 8689 §2, INT-07).
        if tls != nil { lines.append("REQUIRETLS") }
        let mechanisms = offeredMechanisms
        if !mechanisms.isEmpty { lines.append("AUTH " + mechanisms.map(\.rawValue).joined(separator: " ")) }
        if terms.mayForward { lines.append(ForwardedClient.keywords) }
        return Reply(250, lines: lines)
    }
}
