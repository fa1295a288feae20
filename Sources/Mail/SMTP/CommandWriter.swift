/// Writes the commands of a client. What comes out is one line each, whatever the values hold.
enum CommandWriter {
    static let startTLS = line("STARTTLS")
    static let data = line("DATA")
    static let reset = line("RSET")
    static let quit = line("QUIT")
    /// The end of content that has no lines.
    static let loneDot = line(".")

    static func ehlo(_ hostname: MailDomain) -> [UInt8] {
        line("EHLO \(hostname)")
    }

    static func helo(_ hostname: MailDomain) -> [UInt8] {
        line("HELO \(hostname)")
    }

    /// MAIL with the parameters the server's extensions allow and the message calls for: SIZE= in octets (RFC 1870 §6) and
    /// BODY= (RFC 6152 §3). Nil where the reverse-path is none that RFC 5321 §4.1.2 knows.
    static func mail(_ transaction: ClientTransaction, _ extensions: ServiceExtensions) -> [UInt8]? {
        switch transaction.reversePath {
        case .null: break
        case .mailbox(let mailbox): guard isWritable(mailbox) else { return nil }
        }
        var text = "MAIL FROM:<\(transaction.reversePath)>"
        if extensions.size != nil { text += " SIZE=\(transaction.size)" }
        if transaction.has8bit, extensions.eightBitMIME { text += " BODY=8BITMIME" }
        return line(text)
    }

    /// RCPT; nil where the recipient is no mailbox that RFC 5321 §4.1.2 knows.
    static func rcpt(_ recipient: Mailbox) -> [UInt8]? {
        isWritable(recipient) ? line("RCPT TO:<\(recipient)>") : nil
    }

    /// Read back by the grammar: a value from a damaged store can start no second command and no parameter.
    private static func isWritable(_ mailbox: Mailbox) -> Bool {
        (try? Mailbox(parsing: mailbox.description.utf8)) != nil
    }

    private static func line(_ text: String) -> [UInt8] {
        Array(text.utf8) + [ASCII.carriageReturn, ASCII.lineFeed]
    }
}
