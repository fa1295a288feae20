/// Why a line is no command; ``reply`` is what the client hears.
public enum CommandError: Error, Hashable, Sendable {
    case unknown
    case unimplemented
    case controlCharacter
    case badClientName
    case badArgument
    case missingArgument
    case unexpectedArgument
    /// No `keyword` or `keyword=value`, or a keyword twice.
    case badParameter
    /// A known keyword with a value that is none for it; the keyword in upper case.
    case badValue(String)
    /// A keyword, or a value of BODY, that is not known here.
    case unknownParameter(String)
    /// The argument of BDAT. The client may be sending a chunk of unknown size now.
    case badChunkSize
    /// A chunk that no Int counts: the session cannot stay in step with the client, and must end.
    case chunkTooLarge
    case badMechanism
    /// The initial response of AUTH is no base64.
    case badInitialResponse
    case badReversePath(PathError)
    case badForwardPath(PathError)
    /// A browser, a page that makes one speak to us, or a balancer whose header is not expected here: all that follows is
    /// another's.
    case http

    /// Characters of a stranger's keyword that a reply repeats.
    private static let shownKeyword = 40

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
        case .badValue(let keyword): Reply(501, EnhancedStatusCode(5, 5, 4), "Malformed value of \(keyword)")
        case .unknownParameter(let keyword):
            Reply(555, EnhancedStatusCode(5, 5, 4), "Parameter \(keyword.prefix(Self.shownKeyword)) not recognized")
        case .badChunkSize: Reply(501, EnhancedStatusCode(5, 5, 4), "Syntax: BDAT size [LAST]")
        case .chunkTooLarge: Reply(552, EnhancedStatusCode(5, 3, 4), "Chunk too large")
        case .badMechanism: Reply(501, EnhancedStatusCode(5, 5, 4), "Syntax: AUTH mechanism [initial-response]")
        case .badInitialResponse: Reply(501, EnhancedStatusCode(5, 5, 2), "Initial response is not base64")
        case .badReversePath(let error) where error.isOfUTF8:
            // RFC 6531 §3.5
            Reply(550, EnhancedStatusCode(5, 6, 7), "Sender address: \(error.text)")
        case .badForwardPath(let error) where error.isOfUTF8:
            Reply(553, EnhancedStatusCode(5, 6, 7), "Recipient address: \(error.text)")
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
        case .needsUTF8: "not ASCII, and SMTPUTF8 was not asked for"
        case .badUTF8: "malformed UTF-8, or a character that no address may hold"
        case .badULabel: "no valid internationalized domain"
        }
    }

    fileprivate var isOfUTF8: Bool {
        switch self {
        case .needsUTF8, .badUTF8, .badULabel: true
        case .syntax, .localPart, .domain, .tooLong: false
        }
    }
}
