/// What travels with a message besides its content (RFC 5321 §2.3.1), as the client stated it.
public struct Envelope: Hashable, Sendable {
    public var reversePath: ReversePath
    /// In the order of the RCPT commands, each as given: never merged, never rewritten (D17).
    public var recipients: [Recipient]
    /// The BODY parameter of MAIL (RFC 6152 §2). What counts at delivery is the octets of the content, not this.
    public var body: BodyType
    /// What the sender asks of transport security. Until the content is in, all that is known of it is the parameter.
    public var demand: MessageDemand
    /// RET (RFC 3461 §4.3); nil where it was not given.
    public var returns: ReturnedContent?
    /// ENVID (RFC 3461 §4.4) in xtext exactly as it came; nil where it was not given.
    public var envelopeID: String?
    /// MAIL carried SMTPUTF8 (RFC 6531 §3.4): addresses and header may hold UTF-8.
    public var isInternationalized: Bool

    /// Octets of ENVID, in xtext (RFC 3461 §4.4, §5.4).
    public static let envelopeIDLimit = 100

    /// One recipient, with what the sender asks to be told of it.
    public struct Recipient: Hashable, Sendable {
        public var mailbox: Mailbox
        public var request: RecipientRequest

        public init(_ mailbox: Mailbox, _ request: RecipientRequest = .none) {
            self.mailbox = mailbox
            self.request = request
        }
    }

    public init(
        reversePath: ReversePath, recipients: [Recipient], body: BodyType = .sevenBit,
        demand: MessageDemand = .ordinary, returns: ReturnedContent? = nil, envelopeID: String? = nil,
        isInternationalized: Bool = false
    ) {
        self.reversePath = reversePath
        self.recipients = recipients
        self.body = body
        self.demand = demand
        self.returns = returns
        self.envelopeID = envelopeID
        self.isInternationalized = isInternationalized
    }
}

/// BODY= (RFC 6152 §2).
public enum BodyType: String, Hashable, Sendable {
    case sevenBit = "7BIT"
    case eightBitMIME = "8BITMIME"
}

/// The name of a message in the queue, in logs, in `Received:` and in our final 250: 20 letters and digits made of
/// 99 random bits by the shell. Two messages with one name are refused by the store.
public struct QueueID: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    /// Lower case without vowels and look-alikes, so that no id spells a word or is misread on the telephone.
    public static let alphabet = Array("0123456789bcdfghjklmnpqrstvwxyz".utf8)
    public static let length = 20

    /// Reads what a person or the store wrote; nil unless it has the length and the alphabet.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == Self.length, text.utf8.allSatisfy(Self.alphabet.contains) else { return nil }
        self.text = String(text)
    }

    /// Draws a new id.
    public init(using generator: inout some RandomNumberGenerator) {
        // Two draws, not twenty: each costs a system call with the system's generator.
        var bits = UInt128(generator.next()) << 64 | UInt128(generator.next())
        let letters = (0..<Self.length).map { _ in
            let (quotient, remainder) = bits.quotientAndRemainder(dividingBy: UInt128(Self.alphabet.count))
            bits = quotient
            return Self.alphabet[Int(remainder)]
        }
        self.text = String(decoding: letters, as: UTF8.self)
    }

    public var description: String { text }
}
