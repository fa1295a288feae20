/// Why mail does not arrive, for the one who wrote it: he knows his message, the address and whom to ask, and need not know
/// anything else. The exact words stand beside these, in the lines for administrators.
public struct SenderWords: Hashable, Sendable {
    /// True of a message that waits and of one that came back.
    public let happened: String
    /// What he can do once it came back.
    public let remedy: String

    init(_ happened: String, _ remedy: String) {
        self.happened = happened
        self.remedy = remedy
    }
}

extension Reason.Cause {
    /// The sentences of a cause: one line here for each.
    /// - Parameters:
    ///   - domain: of the recipient's address.
    ///   - reply: the remote server's, where it spoke: it tells more than ``remoteReply``.
    public func senderWords(domain: String, reply: Reply? = nil) -> SenderWords {
        if self == .remoteReply, let words = reply?.senderWords(domain: domain) { return words }
        let server = "the mail server for \(domain)"
        let theirs =
            "The administrators of \(domain) have to mend this: tell them or the recipient in some other way, and send your "
            + "message again later."
        let ours = "The administrators of your own mail system have to mend this: forward this notice to them."
        let check = "Check the address, and send your message again."
        let otherWay = "Reach the recipient in some other way."
        let again = "Send your message again later, or reach the recipient in some other way."
        let notSent = "Your message was not sent over a connection that might be read by others."
        let secure = "\(domain) asks for a verified secure connection"
        return switch self {
        case .dnsTemporary: SenderWords("Where mail for \(domain) has to go could not be found out.", again)
        case .dnsBogus: SenderWords("What is published on where mail for \(domain) goes may be forged.", theirs)
        case .noSuchDomain: SenderWords("There is no domain named \(domain).", check)
        case .nullMX: SenderWords("\(domain) takes no mail at all, and says so.", "Check the address. " + otherWay)
        case .noHostAddress: SenderWords("\(domain) names mail servers that cannot be found.", theirs)
        case .loop: SenderWords("Your message would have gone round in a circle.", ours)
        case .connectFailed: SenderWords("No mail server for \(domain) could be reached.", again)
        case .connectionLost: SenderWords("The connection to \(server) broke before your message was through.", again)
        case .timedOut: SenderWords("It took \(server) too long to answer.", again)
        case .protocolError: SenderWords("What \(server) answered makes no sense.", theirs)
        case .remoteReply: SenderWords("Your message was not accepted by \(server).", "Its words below may say why.")
        case .tlsaLookupFailed:
            SenderWords("Whether \(secure) could not be found out for certain. \(notSent)", theirs)
        case .startTLSMissing:
            SenderWords("A secure connection is asked for, and \(server) did not offer one. \(notSent)", theirs)
        case .tlsHandshakeFailed:
            SenderWords("No secure connection to \(server) could be made. \(notSent)", theirs)
        case .daneMismatch, .certificateInvalid:
            SenderWords("\(capital: secure), and its mail server could not prove who it is. \(notSent)", theirs)
        case .fingerprintMismatch:
            SenderWords("\(capital: server) is not the one that your mail system knows. \(notSent)", ours)
        case .stsMXMismatch:
            SenderWords(
                "\(capital: secure), and the server that takes its mail is not among those it has named. Your message was "
                    + "not given to a server that may be somebody else's.", theirs)
        case .daneRequired, .stsRequired:
            SenderWords(
                "Your mail system demands a verified secure connection, and \(domain) gives no way to verify its mail "
                    + "server. \(notSent)", "Ask the administrators of your own mail system, who made this rule.")
        case .policyUnknown:
            SenderWords("What kind of connection \(domain) asks for could not be found out. \(notSent)", again)
        case .requireTLSUnsupported:
            SenderWords(
                "Your message is to travel over verified secure connections only, all the way, and \(server) does not "
                    + "promise that.", "Send it without that wish, if its content allows. \(otherWay)")
        case .requireTLSUnvalidated:
            SenderWords(
                "Your message is to travel over verified secure connections only, and nothing proves which server takes the "
                    + "mail for \(domain).", "Send it without that wish, if its content allows. \(otherWay)")
        case .hostDemandsTLS:
            SenderWords("\(capital: server) takes mail over secure connections only, and none could be made.", theirs)
        case .authFailed: SenderWords("The next mail server on the way did not let your mail system in.", ours)
        case .eightBitUnsupported:
            SenderWords(
                "Your message holds letters or signs beyond plain English ones as they are, and \(server) cannot take such "
                    + "mail.",
                "Send it in plain English letters, or ask your administrators for a mail program that encodes them.")
        case .utf8Unsupported:
            SenderWords(
                "An address, or the header of your message, holds letters beyond plain English ones, and \(server) cannot "
                    + "take such mail.", "Use addresses of plain English letters, if there are such.")
        case .sizeExceeded:
            SenderWords(
                "Your message is larger than \(server) accepts.",
                "Send less at once, or share large files in some other way.")
        case .dkimUnpublished: SenderWords("Your mail system must sign your message and is not set up for it.", ours)
        case .dkimUnsignable:
            SenderWords(
                "Your mail system must sign your message, and something in its header makes that impossible.",
                "Check the sender's address in your mail program. If it is right, forward this notice to your administrators."
            )
        case .expired: SenderWords("Your message could not be delivered within the time that is set for it.", again)
        case .shutdown: SenderWords("Your mail system was about to be restarted.", again)
        case .contentDamaged:
            SenderWords("Your mail system found its copy of your message damaged.", "Send your message again.")
        case .localFailure: SenderWords("Something went wrong within your mail system.", ours)
        case .operatorBounced:
            SenderWords(
                "An administrator of your mail system has sent your message back.", "Ask your administrators why.")
        case .suspended: SenderWords("The administrators of your mail system have paused mail to \(domain).", again)
        }
    }
}

extension DefaultStringInterpolation {
    /// At the start of a sentence. A domain keeps its letters: it is an address, not a word.
    mutating func appendInterpolation(capital words: String) {
        guard words.hasPrefix("the ") else { return appendInterpolation(words) }
        appendInterpolation("T" + words.dropFirst())
    }
}
