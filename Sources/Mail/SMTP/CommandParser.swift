extension Command {
    /// Reads one command line without its CRLF (RFC 5321 §4.1.1). White space at its end is tolerated, nothing else is.
    ///
    /// `toASCII` makes A-labels of a domain that has U-labels (RFC 6531 §3.2), or says nil where that is no domain.
    public init(
        parsing line: some Collection<UInt8>, toASCII: @escaping (String) -> DomainName? = { _ in nil }
    ) throws(CommandError) {
        var bytes = Array(line)
        while let last = bytes.last, ASCII.isBlank(last) { bytes.removeLast() }
        // A bare CR or LF here is the other half of SMTP smuggling; a control character is nobody's command.
        if bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) { throw .controlCharacter }
        let verb = bytes.prefix { $0 != ASCII.space }
        let hasArgument = verb.count < bytes.count
        let argument = bytes.dropFirst(verb.count + 1)
        switch String(decoding: verb.map(ASCII.uppercased), as: UTF8.self) {
        case "EHLO":
            guard let name = ClientName(parsing: argument) else { throw .badClientName }
            self = .ehlo(name)
        case "HELO":
            guard let name = ClientName(parsing: argument) else { throw .badClientName }
            self = .helo(name)
        case "MAIL":
            self = try Self.mail(argument)
        case "RCPT":
            self = try Self.rcpt(argument)
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
        case "EXPN", "TURN", "SEND", "SOML", "SAML", "AUTH", "BDAT", "BURL", "ETRN", "ATRN":
            throw .unimplemented
        case "GET", "POST", "PUT", "HEAD", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI":
            throw .http
        default:
            throw .unknown
        }
    }

    // mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF
    private static func mail(_ argument: ArraySlice<UInt8>) throws(CommandError) -> Command {
        var reader = PathReader(try path(argument, after: "FROM:"))
        let path: ReversePath
        do {
            path = try reader.reversePath()
        } catch {
            throw .badReversePath(error)
        }
        return .mail(path, try parameters(reader.rest))
    }

    // rcpt = "RCPT TO:" ( "<Postmaster>" / Forward-path ) [SP Rcpt-parameters] CRLF
    private static func rcpt(_ argument: ArraySlice<UInt8>) throws(CommandError) -> Command {
        var reader = PathReader(try path(argument, after: "TO:"))
        let path: ForwardPath
        do {
            path = try reader.forwardPath()
        } catch {
            throw .badForwardPath(error)
        }
        return .rcpt(path, try parameters(reader.rest))
    }

    /// What stands behind `FROM:` or `TO:`; blanks about the colon are refused (RFC 5321 §3.3).
    private static func path(_ argument: ArraySlice<UInt8>, after word: String) throws(CommandError) -> ArraySlice<
        UInt8
    > {
        guard ASCII.equalIgnoringCase(argument.prefix(word.utf8.count), word.utf8) else { throw .badArgument }
        return argument.dropFirst(word.utf8.count)
    }

    // Mail-parameters = esmtp-param *(SP esmtp-param)
    // esmtp-param = esmtp-keyword ["=" esmtp-value]
    // esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
    // esmtp-value = 1*(%d33-60 / %d62-126)
    private static func parameters(_ rest: ArraySlice<UInt8>) throws(CommandError) -> [Parameter] {
        if rest.isEmpty { return [] }
        guard rest.first == ASCII.space else { throw .badParameter }
        var parameters: [Parameter] = []
        for text in rest.dropFirst().split(separator: ASCII.space, omittingEmptySubsequences: false) {
            let parts = text.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let keyword = parts.first, let first = keyword.first, ASCII.isAlphanumeric(first),
                keyword.allSatisfy({ ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "-") })
            else { throw .badParameter }
            var value: String?
            if parts.count == 2, let octets = parts.last {
                guard !octets.isEmpty, octets.allSatisfy({ (33...126).contains($0) && $0 != UInt8(ascii: "=") }) else {
                    throw .badParameter
                }
                value = String(decoding: octets, as: UTF8.self)
            }
            let name = String(decoding: keyword.map(ASCII.uppercased), as: UTF8.self)
            // A parameter given twice has two meanings (RFC 1870 §6.1, RFC 6152 §2 allow one each).
            if parameters.contains(where: { $0.keyword == name }) { throw .badParameter }
            parameters.append(Parameter(name, value))
        }
        return parameters
    }

    private static func alone(_ command: Command, _ hasArgument: Bool) throws(CommandError) -> Command {
        if hasArgument { throw .unexpectedArgument }
        return command
    }
}

/// Why a line is no command; ``reply`` is what the client hears.
public enum CommandError: Error, Hashable, Sendable {
    case unknown
    case unimplemented
    case controlCharacter
    case badClientName
    case badArgument
    case missingArgument
    case unexpectedArgument
    case badParameter
    case badReversePath(PathError)
    case badForwardPath(PathError)
    /// A browser, or a page that makes one speak to us.
    case http

    public var reply: Reply {
        switch self {
        case .unknown: Reply(500, EnhancedStatusCode(5, 5, 2), "Command not recognized")
        case .unimplemented: Reply(502, EnhancedStatusCode(5, 5, 1), "Command not implemented")
        case .controlCharacter: Reply(500, EnhancedStatusCode(5, 5, 2), "Control character in command")
        case .badClientName: Reply(501, EnhancedStatusCode(5, 5, 4), "Give a domain name or an address literal")
        case .badArgument: Reply(501, EnhancedStatusCode(5, 5, 4), "Syntax: MAIL FROM:<address> or RCPT TO:<address>")
        case .missingArgument: Reply(501, EnhancedStatusCode(5, 5, 4), "An argument is needed")
        case .unexpectedArgument: Reply(501, EnhancedStatusCode(5, 5, 4), "No argument is allowed")
        case .badParameter: Reply(501, EnhancedStatusCode(5, 5, 4), "Malformed or repeated parameter")
        case .badReversePath(.needsUTF8):
            // RFC 6531 §3.5
            Reply(550, EnhancedStatusCode(5, 6, 7), "Internationalized sender address not supported")
        case .badForwardPath(.needsUTF8):
            Reply(553, EnhancedStatusCode(5, 6, 7), "Internationalized recipient address not supported")
        case .badReversePath(let error): Reply(501, EnhancedStatusCode(5, 1, 7), "Sender address: \(error.text)")
        case .badForwardPath(let error): Reply(501, EnhancedStatusCode(5, 1, 3), "Recipient address: \(error.text)")
        case .http: Reply(500, EnhancedStatusCode(5, 5, 1), "This is an SMTP server")
        }
    }
}

extension PathError {
    fileprivate var text: String {
        switch self {
        case .syntax: "not a path in angle brackets"
        case .localPart: "bad local-part"
        case .domain: "bad domain"
        case .tooLong: "too long"
        case .needsUTF8: "not ASCII"
        }
    }
}
