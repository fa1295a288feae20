extension Command {
    /// Digits of a chunk's size. RFC 3030 §2 sets no limit; with 20, as SIZE has them (RFC 1870 §3), no number of this century is
    /// missing.
    static let chunkSizeDigits = 20
    /// Octets of a mechanism's name (RFC 4422 §3.1).
    static let mechanismLimit = 20

    /// Reads one command line without its CRLF (RFC 5321 §4.1.1). White space at its end is tolerated, nothing else is.
    ///
    /// Addresses may hold UTF-8 (RFC 6531 §3.3), in MAIL only with SMTPUTF8. `toASCII` is asked for domains with U-labels; the
    /// one that stands here knows none.
    public init(
        parsing line: some Collection<UInt8>, toASCII: @escaping DomainToASCII = { _ in nil }
    ) throws(CommandError) {
        var bytes = Array(line)
        while let last = bytes.last, ASCII.isBlank(last) { bytes.removeLast() }
        // A bare CR or LF here is the other half of SMTP smuggling; a control character is nobody's command.
        if bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) { throw .controlCharacter }
        let verb = bytes.prefix { $0 != ASCII.space }
        let hasArgument = verb.count < bytes.count
        let argument = bytes.dropFirst(verb.count + 1)
        switch String(decoding: verb.map(ASCII.uppercased), as: UTF8.self) {
        case "EHLO": self = .ehlo(try Self.clientName(argument))
        case "HELO": self = .helo(try Self.clientName(argument))
        case "LHLO": self = .lhlo(try Self.clientName(argument))
        case "MAIL": self = try Self.mail(argument, toASCII)
        case "RCPT": self = try Self.rcpt(argument, toASCII)
        case "BDAT": self = try Self.bdat(argument)
        case "AUTH": self = try Self.auth(argument)
        case "XFORWARD":
            if argument.isEmpty { throw .missingArgument }
            self = .xforward(Array(argument))
        case "DATA": self = try Self.alone(.data, hasArgument)
        case "RSET": self = try Self.alone(.rset, hasArgument)
        case "QUIT": self = try Self.alone(.quit, hasArgument)
        case "STARTTLS": self = try Self.alone(.startTLS, hasArgument)
        case "NOOP": self = .noop
        case "HELP": self = .help
        case "VRFY":
            // VRFY SP String; an empty quoted string names nobody.
            if argument.isEmpty || argument.elementsEqual(#""""#.utf8) { throw .missingArgument }
            self = .vrfy
        case "EXPN", "TURN", "SEND", "SOML", "SAML", "BURL", "ETRN", "ATRN":
            throw .unimplemented
        case "GET", "POST", "PUT", "HEAD", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI", "PROXY":
            throw .http
        default:
            throw .unknown
        }
    }

    private static func clientName(_ argument: ArraySlice<UInt8>) throws(CommandError) -> ClientName {
        guard let name = ClientName(parsing: argument) else { throw .badClientName }
        return name
    }

    // mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF
    private static func mail(_ argument: ArraySlice<UInt8>, _ toASCII: @escaping DomainToASCII)
        throws(CommandError) -> Command
    {
        var reader = PathReader(try path(argument, after: "FROM:"), toASCII: toASCII)
        let path: ReversePath
        do {
            path = try reader.reversePath()
        } catch {
            throw .badReversePath(error)
        }
        let parameters = try SenderParameters(CommandParameter.list(reader.rest))
        if !parameters.isInternationalized, !isASCII(argument) { throw .badReversePath(.needsUTF8) }
        return .mail(path, parameters)
    }

    // rcpt = "RCPT TO:" ( "<Postmaster>" / Forward-path ) [SP Rcpt-parameters] CRLF
    private static func rcpt(_ argument: ArraySlice<UInt8>, _ toASCII: @escaping DomainToASCII)
        throws(CommandError) -> Command
    {
        var reader = PathReader(try path(argument, after: "TO:"), toASCII: toASCII)
        let path: ForwardPath
        do {
            path = try reader.forwardPath()
        } catch {
            throw .badForwardPath(error)
        }
        let parameters = try RecipientParameters(CommandParameter.list(reader.rest))
        return .rcpt(path, parameters, isASCII: isASCII(argument))
    }

    private static func isASCII(_ argument: ArraySlice<UInt8>) -> Bool {
        argument.allSatisfy { $0 < 0x80 }
    }

    // bdat-cmd = "BDAT" SP chunk-size [SP "LAST"] CRLF
    // chunk-size = 1*DIGIT
    private static func bdat(_ argument: ArraySlice<UInt8>) throws(CommandError) -> Command {
        let digits = argument.prefix { $0 != ASCII.space }
        let marker = argument.dropFirst(digits.count)
        guard (1...chunkSizeDigits).contains(digits.count), digits.allSatisfy(ASCII.isDigit),
            marker.isEmpty || ASCII.equalIgnoringCase(marker, " LAST".utf8)
        else { throw .badChunkSize }
        guard let size = ASCII.decimal(digits, as: Int.self) else { throw .chunkTooLarge }
        return .bdat(size: size, isLast: !marker.isEmpty)
    }

    // auth-command = "AUTH" SP sasl-mech [SP initial-response] CRLF
    // initial-response = base64 / "="
    // sasl-mech = 1*20(%x41-5A / DIGIT / "-" / "_")
    private static func auth(_ argument: ArraySlice<UInt8>) throws(CommandError) -> Command {
        if argument.isEmpty { throw .missingArgument }
        let mechanism = argument.prefix { $0 != ASCII.space }.map(ASCII.uppercased)
        guard (1...mechanismLimit).contains(mechanism.count),
            mechanism.allSatisfy({ ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") })
        else { throw .badMechanism }
        let name = String(decoding: mechanism, as: UTF8.self)
        if mechanism.count == argument.count { return .auth(mechanism: name, initialResponse: nil) }
        let text = argument.dropFirst(mechanism.count + 1)
        if text.elementsEqual("=".utf8) { return .auth(mechanism: name, initialResponse: []) }
        // The decoder passes over blanks, which belong to no response.
        guard !text.contains(ASCII.space), let response = Base64.decoded(text) else { throw .badInitialResponse }
        return .auth(mechanism: name, initialResponse: response)
    }

    /// What stands behind `FROM:` or `TO:`; blanks about the colon are refused (RFC 5321 §3.3).
    private static func path(_ argument: ArraySlice<UInt8>, after word: String) throws(CommandError) -> ArraySlice<
        UInt8
    > {
        guard ASCII.equalIgnoringCase(argument.prefix(word.utf8.count), word.utf8) else { throw .badArgument }
        return argument.dropFirst(word.utf8.count)
    }

    private static func alone(_ command: Command, _ hasArgument: Bool) throws(CommandError) -> Command {
        if hasArgument { throw .unexpectedArgument }
        return command
    }
}
