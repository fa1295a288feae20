public import Mail

/// What lives are asked for by.
public enum TraceKey: Hashable, Sendable {
    case id(QueueID)
    /// Compared octet for octet, without regard to angle brackets around it.
    case messageID(String)
    /// A sender's or recipient's: the local-part compared octet for octet, the domain without regard to case.
    case address(String)
    /// What may be either: `a@b` is both a Message-ID and an address by its form.
    case text(String)

    /// Reads what a person wrote: a queue id, a Message-ID with or without its angle brackets, or a mail address. Nil for
    /// nothing, for what is longer than ``TraceLimits/name``, and for what holds a control character.
    public init?(parsing text: String) {
        guard text.utf8.count <= TraceLimits.name, !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            return nil
        }
        if let id = QueueID(text) {
            self = .id(id)
        } else if Self.bare(text).isEmpty {
            return nil
        } else {
            self = .text(text)
        }
    }

    /// Without angle brackets around it.
    static func bare(_ text: String) -> String {
        guard text.utf8.first == UInt8(ascii: "<"), text.utf8.last == UInt8(ascii: ">"), text.utf8.count >= 2 else {
            return text
        }
        return String(text.dropFirst().dropLast())
    }

    /// With the domain in lower case. What has no `@` stays as it is.
    static func address(normalising text: String) -> String {
        guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return text }
        return text[..<at] + text[at...].lowercased()
    }

    /// What a life is to be filed under so that this key finds it.
    var terms: Set<String> {
        switch self {
        case .id(let id): [id.text]
        case .messageID(let text): [Self.bare(text)]
        case .address(let text): [Self.address(normalising: Self.bare(text))]
        case .text(let text): [Self.bare(text), Self.address(normalising: Self.bare(text))]
        }
    }

    /// True where `life` is what is asked for: equal hashes do not make it so.
    func matches(_ life: Life) -> Bool {
        switch self {
        case .id(let id):
            life.id == id
        case .messageID(let text):
            life.messageID.map(Self.bare) == Self.bare(text)
        case .address(let text):
            Self.isParty(Self.address(normalising: Self.bare(text)), of: life)
        case .text(let text):
            TraceKey.messageID(text).matches(life) || TraceKey.address(text).matches(life)
        }
    }

    private static func isParty(_ address: String, of life: Life) -> Bool {
        Self.address(normalising: life.sender) == address
            || life.recipients.contains { Self.address(normalising: $0.address) == address }
    }
}

extension Life {
    /// What the life is filed under: its id, its Message-ID, its sender and its recipients.
    var terms: Set<String> {
        var terms: Set<String> = [id.text]
        if let messageID { terms.insert(TraceKey.bare(messageID)) }
        if !sender.isEmpty { terms.insert(TraceKey.address(normalising: sender)) }
        for recipient in recipients { terms.insert(TraceKey.address(normalising: recipient.address)) }
        return terms
    }
}
