/// Our `Received:` field (RFC 5321 §4.4): one for each message that comes in, above all that is there.
public enum TraceField {
    /// RFC 5322 §2.1.1: octets of a line, where folding can reach that.
    public static let foldLimit = 78

    /// The field with its CRLF, folded. It names one recipient where there is exactly one, else none: the others must not
    /// learn of each other (RFC 5321 §7.2).
    public static func received(
        from origin: Origin, by hostname: DomainName, id: QueueID, recipients: [Envelope.Recipient], at time: WallTime
    ) -> [UInt8] {
        // From-domain = "FROM" FWS Extended-Domain; TCP-info is the address literal.
        var words = ["from \(origin.clientName)", "(\(origin.peer.traceWords))", "by \(hostname)"]
        words.append("with \(protocolName(origin))")
        if let tls = origin.tls, !tls.cipher.hasPrefix("TLS_") { words += comment(tls) }
        words.append("id \(id)")
        if let recipient = recipients.first, recipients.count == 1 { words.append("for <\(recipient.mailbox)>") }
        // RFC 8314 §4.3: `tls` takes a name of the IANA registry, which OpenSSL uses from TLS 1.3 on.
        if let tls = origin.tls, tls.cipher.hasPrefix("TLS_"), isToken(tls.cipher) { words.append("tls \(tls.cipher)") }
        words[words.count - 1] += ";"
        words.append(time.rfc5322)
        return fold("Received:", words)
    }

    /// RFC 3848 §1, with the words of RFC 6531 §4.3 for messages that came by SMTPUTF8.
    private static func protocolName(_ origin: Origin) -> String {
        let word =
            switch origin.greeting {
            case .helo: origin.tls == nil ? "SMTP" : "ESMTP"
            case .ehlo: origin.isInternationalized ? "UTF8SMTP" : "ESMTP"
            case .lhlo: origin.isInternationalized ? "UTF8LMTP" : "LMTP"
            }
        return word + (origin.tls == nil ? "" : "S") + (origin.user == nil ? "" : "A")
    }

    private static func comment(_ tls: TLSSessionFacts) -> [String] {
        isToken(tls.version) && isToken(tls.cipher) ? ["(\(tls.version) \(tls.cipher))"] : []
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
                    || $0 == UInt8(ascii: ".")
            }
    }

    /// Joins by blanks, and by a new line and a tab where a line would grow too long. No word is broken: the longest, a path,
    /// is far from the 998 octets that RFC 5322 §2.1.1 allows.
    private static func fold(_ name: String, _ words: [String]) -> [UInt8] {
        var bytes = Array(name.utf8)
        var column = bytes.count
        for word in words {
            if column + 1 + word.utf8.count > foldLimit {
                bytes += [ASCII.carriageReturn, ASCII.lineFeed, ASCII.tab]
                column = 1
            } else {
                bytes.append(ASCII.space)
                column += 1
            }
            bytes += word.utf8
            column += word.utf8.count
        }
        return bytes + [ASCII.carriageReturn, ASCII.lineFeed]
    }
}
