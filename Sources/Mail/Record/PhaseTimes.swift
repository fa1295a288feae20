/// A part of an attempt that is timed for itself.
public enum Phase: Hashable, Sendable, CaseIterable {
    /// Finding routes and policies.
    case lookup
    case connect
    /// The handshake.
    case tls
    /// From the connection, or the end of an implicit TLS handshake, to the greeting.
    case greeting
    /// EHLO, STARTTLS, and AUTH where it is said.
    case hello
    /// MAIL, RCPT and DATA.
    case envelope
    case content
    /// From the end of the content to the reply that settles it.
    case finalReply
}

/// Milliseconds of each phase of one try at one host, and whether its TLS session was a resumed one.
///
/// As text the numbers stand in the order of ``Phase``, with slashes between, an `r` behind that of TLS where the session was
/// resumed: `12/30/4r/3/8/15/2/120`. On disk: never changed.
public struct PhaseTimes: Hashable, Sendable, CustomStringConvertible {
    private var milliseconds: [Int64]
    public var isResumed = false

    /// All zero.
    public init() { milliseconds = Array(repeating: 0, count: Phase.allCases.count) }

    /// Reads what ``description`` wrote; nil for anything else.
    public init?(_ text: String) {
        self.init()
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == milliseconds.count else { return nil }
        for (place, part) in parts.enumerated() {
            var digits = part
            if place == Phase.tls.place, part.last == UInt8(ascii: "r") {
                isResumed = true
                digits = part.dropLast()
            }
            guard !digits.isEmpty, digits.allSatisfy(ASCII.isDigit), let value = Int64(Substring(digits)) else {
                return nil
            }
            milliseconds[place] = value
        }
    }

    /// Milliseconds, not negative.
    public subscript(phase: Phase) -> Int64 {
        get { milliseconds[phase.place] }
        set { milliseconds[phase.place] = max(0, newValue) }
    }

    public var description: String {
        var text = ""
        for (place, value) in milliseconds.enumerated() {
            if place > 0 { text += "/" }
            text += "\(value)"
            if place == Phase.tls.place, isResumed { text += "r" }
        }
        return text
    }

    /// Lookup, connect, handshake and all of SMTP: `12/30/4/148`, as the log has it.
    public var inFour: String {
        let smtp = [Phase.greeting, .hello, .envelope, .content, .finalReply].reduce(Int64(0)) { $0 &+ self[$1] }
        return "\(self[.lookup])/\(self[.connect])/\(self[.tls])/\(smtp)"
    }
}

extension Phase {
    /// Where it stands among the numbers.
    fileprivate var place: Int {
        switch self {
        case .lookup: 0
        case .connect: 1
        case .tls: 2
        case .greeting: 3
        case .hello: 4
        case .envelope: 5
        case .content: 6
        case .finalReply: 7
        }
    }
}

extension ClientSession {
    /// The phase that a wait belongs to; nil for QUIT, on whose answer nothing depends.
    public func phase(of wait: Wait) -> Phase? {
        switch wait {
        case .greeting: .greeting
        case .command: exchange == nil ? .hello : .envelope
        case .dataStart: .envelope
        case .dataEnd: .finalReply
        case .quit: nil
        }
    }
}
