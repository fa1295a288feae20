/// XFORWARD (Postfix, XFORWARD_README): what the command says, and the same words for the store.
extension ForwardedClient {
    /// The line of the EHLO reply: the command and the attributes we read.
    public static let keywords = "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"
    /// Octets of an attribute's value, decoded (XFORWARD_README, note 1).
    public static let valueLimit = 255
    /// Octets of PROTO (XFORWARD_README, of PROTO).
    public static let protocolLimit = 64

    /// Why an argument of XFORWARD is refused: 501 5.5.4 in each case.
    public enum Fault: Error, Hashable, Sendable {
        case noAttribute
        case noValue
        case unknownAttribute
        case valueTooLong
        case badValue(Attribute)

        /// For the reply.
        public var words: String {
            switch self {
            case .noAttribute: "XFORWARD needs an attribute"
            case .noValue: "attribute=value expected"
            case .unknownAttribute: "unknown attribute"
            case .valueTooLong: "value too long"
            case .badValue(let attribute): "bad value of \(attribute.rawValue)"
            }
        }
    }

    /// By its name in the command.
    public enum Attribute: String, CaseIterable, Hashable, Sendable {
        case name = "NAME"
        case address = "ADDR"
        case port = "PORT"
        case proto = "PROTO"
        case helo = "HELO"
        case ident = "IDENT"
        case source = "SOURCE"
    }

    /// What one command says: each attribute it names with the new value, nil where that is `[UNAVAILABLE]`. Of an attribute
    /// named twice, the last counts.
    public struct Changes: Hashable, Sendable {
        public let values: [Attribute: String?]

        /// Reads the argument of the command: `NAME=value` once or more, in any case, with blanks between.
        public init(parsing argument: some Collection<UInt8>) throws(Fault) {
            var values: [Attribute: String?] = [:]
            for word in argument.split(whereSeparator: ASCII.isBlank) {
                guard let equals = word.firstIndex(of: UInt8(ascii: "=")) else { throw .noValue }
                let name = word[..<equals]
                let known = Attribute.allCases.first { ASCII.equalIgnoringCase($0.rawValue.utf8, name) }
                guard let attribute = known else { throw .unknownAttribute }
                let text = word[equals...].dropFirst()
                if text.isEmpty { throw .noValue }
                values.updateValue(try attribute.value(text), forKey: attribute)
            }
            if values.isEmpty { throw .noAttribute }
            self.values = values
        }
    }

    /// Attributes that the command does not name keep their values.
    public mutating func apply(_ changes: Changes) {
        for (attribute, value) in changes.values { self[attribute] = value }
    }

    /// Reads a command's argument and applies it; where it is refused, nothing changes.
    public mutating func apply(argument: some Collection<UInt8>) throws(Fault) {
        apply(try Changes(parsing: argument))
    }

    /// For the store and the log: the attributes that are known, as an argument of XFORWARD in ASCII; empty without any.
    public var text: String {
        let words = Attribute.allCases.compactMap { attribute in
            self[attribute].map { value in
                // XFORWARD_README does not say it, yet Postfix writes and reads IPv6 so, as MAIL would (RFC 5321 §4.1.3).
                let prefix = attribute == .address && value.contains(":") ? Attribute.ipv6 : ""
                return "\(attribute.rawValue)=\(prefix)\(XText.encoded(value.utf8))"
            }
        }
        return words.joined(separator: " ")
    }

    /// Reads ``text``; nil where it is none.
    public init?(text: some StringProtocol) {
        self.init()
        if text.isEmpty { return }
        do throws(Fault) { try apply(argument: Array(text.utf8)) } catch { return nil }
    }

    private subscript(attribute: Attribute) -> String? {
        get { self[keyPath: attribute.path] }
        set { self[keyPath: attribute.path] = newValue }
    }
}
