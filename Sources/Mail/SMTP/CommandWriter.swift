/// Writes the commands of a client. What comes out is one line each, whatever the values hold.
enum CommandWriter {
    static let startTLS = line("STARTTLS")
    static let data = line("DATA")
    static let reset = line("RSET")
    static let quit = line("QUIT")
    /// Ends an AUTH that leads nowhere (RFC 4954 §4).
    static let cancel = line("*")
    /// The end of content that has no lines.
    static let loneDot = line(".")

    static func ehlo(_ hostname: MailDomain) -> [UInt8] {
        line("EHLO \(hostname)")
    }

    static func helo(_ hostname: MailDomain) -> [UInt8] {
        line("HELO \(hostname)")
    }

    /// AUTH with its initial response; nil where the line would be longer than a command may be (RFC 4954 §4).
    static func auth(_ mechanism: SASLMechanism, _ initial: [UInt8]?) -> [UInt8]? {
        guard let initial else { return nil }
        let line = line("AUTH \(mechanism.rawValue) \(String(decoding: initial, as: UTF8.self))")
        return line.count <= lineLimit ? line : nil
    }

    static func auth(_ mechanism: SASLMechanism) -> [UInt8] {
        line("AUTH \(mechanism.rawValue)")
    }

    /// A base64 line behind 334. RFC 4954 §4 finds 12288 octets enough for any; ours are far below
    /// (``Credentials/lengthLimit``).
    static func response(_ text: [UInt8]) -> [UInt8] {
        text + [ASCII.carriageReturn, ASCII.lineFeed]
    }

    /// Octets of a command line with its CRLF (RFC 5321 §4.5.3.1.4).
    static let lineLimit = 512

    /// MAIL with the parameters the server's extensions allow and the message calls for: SIZE= in octets (RFC 1870 §6), BODY=
    /// (RFC 6152 §3), RET= and ENVID= as they came (RFC 3461 §5.2.1, CLI-26), and those the session calls for. Nil where the
    /// reverse-path is none that RFC 5321 §4.1.2 or, with SMTPUTF8, RFC 6531 §3.3 knows.
    static func mail(
        _ transaction: ClientTransaction, _ extensions: ServiceExtensions, _ parameters: MailParameters
    ) -> [UInt8]? {
        switch transaction.reversePath {
        case .null: break
        case .mailbox(let mailbox): guard isWritable(mailbox, inUTF8: parameters.utf8) else { return nil }
        }
        var text = "MAIL FROM:<\(transaction.reversePath)>"
        if extensions.size != nil { text += " SIZE=\(transaction.size)" }
        if transaction.has8bit, extensions.eightBitMIME { text += " BODY=8BITMIME" }
        if parameters.utf8 { text += " SMTPUTF8" }
        if extensions.dsn {
            if let returns = transaction.returns { text += " RET=\(returns.rawValue)" }
            if let id = transaction.envelopeID, isWritable(envelopeID: id) { text += " ENVID=\(id)" }
        }
        if parameters.requireTLS { text += " REQUIRETLS" }
        if parameters.authenticated { text += " AUTH=<>" }
        return line(text)
    }

    /// RCPT, with NOTIFY= and ORCPT= as they came where the server offers DSN (RFC 3461 §5.2.1, CLI-26). Nil where the
    /// recipient is no mailbox that RFC 5321 §4.1.2 or, with SMTPUTF8, RFC 6531 §3.3 knows.
    static func rcpt(_ recipient: Envelope.Recipient, _ extensions: ServiceExtensions, inUTF8: Bool) -> [UInt8]? {
        guard isWritable(recipient.mailbox, inUTF8: inUTF8) else { return nil }
        var text = "RCPT TO:<\(recipient.mailbox)>"
        if extensions.dsn {
            if let notify = recipient.request.notify { text += " NOTIFY=\(notify.text)" }
            if let original = recipient.request.originalRecipient?.text(inUTF8: inUTF8) { text += " ORCPT=\(original)" }
        }
        return line(text)
    }

    /// Read back by the grammar: a value from a damaged store can start no second command and no parameter. What stands for
    /// octets of UTF-8 is a letter: RFC 6531 §3.3 lets them be wherever one may.
    private static func isWritable(_ mailbox: Mailbox, inUTF8: Bool) -> Bool {
        if isPlain(mailbox) { return true }
        let letter = UInt8(ascii: "x")
        let octets = mailbox.description.utf8.map { inUTF8 && $0 >= 0x80 ? letter : $0 }
        return (try? Mailbox(parsing: octets)) != nil
    }

    /// As nearly all are: what the grammar certainly reads back, seen without it.
    private static func isPlain(_ mailbox: Mailbox) -> Bool {
        guard case .name(let domain) = mailbox.domain else { return false }
        let local = mailbox.localPart.utf8
        // RFC 5321 §4.5.3.1.1, §4.5.3.1.3, the latter with the brackets.
        guard local.count <= 64, local.count + 1 + domain.text.utf8.count <= 254 else { return false }
        var isBehindDot = true
        for octet in local {
            let isDot = octet == UInt8(ascii: ".")
            guard isDot ? !isBehindDot : ASCII.isAlphanumeric(octet) || "-_+=".utf8.contains(octet) else {
                return false
            }
            isBehindDot = isDot
        }
        return !isBehindDot
    }

    private static func isWritable(envelopeID text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= Envelope.envelopeIDLimit && XText.decoded(text.utf8) != nil
    }

    private static func line(_ text: String) -> [UInt8] {
        Array(text.utf8) + [ASCII.carriageReturn, ASCII.lineFeed]
    }
}

/// Parameters of MAIL that follow from the session, not from the message.
struct MailParameters: Hashable, Sendable {
    /// REQUIRETLS (RFC 8689 §2).
    var requireTLS = false
    /// SMTPUTF8 (RFC 6531 §3.4): the message or one of its recipients needs it, and the server offers it (CLI-17).
    var utf8 = false
    /// AUTH=<>: we are logged in, and do not vouch for who submitted the message (RFC 4954 §5, CLI-27).
    var authenticated = false
}
