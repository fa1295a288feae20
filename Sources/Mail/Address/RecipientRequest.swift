/// What the sender asks to be told about one recipient: NOTIFY and ORCPT of RCPT (RFC 3461 §4.1, §4.2).
public struct RecipientRequest: Hashable, Sendable {
    /// Nil where NOTIFY was not given; empty for `NEVER`.
    public var notify: NotifyConditions?
    public var originalRecipient: OriginalRecipient?

    /// Nothing was asked.
    public static let none = RecipientRequest()

    public init(notify: NotifyConditions? = nil, originalRecipient: OriginalRecipient? = nil) {
        self.notify = notify
        self.originalRecipient = originalRecipient
    }
}

/// The conditions of NOTIFY (RFC 3461 §4.1). The raw values are on disk: never changed, only added to.
public struct NotifyConditions: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let success = NotifyConditions(rawValue: 1)
    public static let failure = NotifyConditions(rawValue: 2)
    public static let delay = NotifyConditions(rawValue: 4)

    /// As NOTIFY has it: `SUCCESS,FAILURE`, or `NEVER`.
    public var text: String {
        let words = [(Self.success, "SUCCESS"), (.failure, "FAILURE"), (.delay, "DELAY")]
        let named = words.filter { contains($0.0) }.map(\.1)
        return named.isEmpty ? "NEVER" : named.joined(separator: ",")
    }
}

/// How much of the message a notice of failure returns: RET of MAIL (RFC 3461 §4.3). The raw values are on disk.
public enum ReturnedContent: String, Hashable, Sendable, CaseIterable {
    case full = "FULL"
    case headers = "HDRS"
}

/// ORCPT (RFC 3461 §4.2): whom the message was for when it was first submitted.
public struct OriginalRecipient: Hashable, Sendable {
    /// Octets of the parameter's value (RFC 3461 §4.2).
    public static let lengthLimit = 500

    /// `addr-type;xtext` exactly as it came: it goes on unchanged (CLI-26). With the type `utf-8` it may hold UTF-8.
    public let text: String

    /// Nil unless it is an atom, a semicolon, and an address within ``lengthLimit`` octets in all. The address is `xtext` of
    /// printable ASCII (RFC 3461 §4.2), or for the type `utf-8` one of the forms of RFC 6533 §3 without control characters:
    /// nothing raw can get into a notice.
    public init?(parsing text: some StringProtocol) {
        let parts = text.utf8.split(separator: UInt8(ascii: ";"), maxSplits: 1, omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.lengthLimit, parts.count == 2, let type = parts.first, let address = parts.last,
            !type.isEmpty, type.allSatisfy({ ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "-") })
        else { return nil }
        if ASCII.equalIgnoringCase(type, "utf-8".utf8) {
            guard Self.isUTF8Address(address) else { return nil }
        } else {
            guard let decoded = XText.decoded(address), decoded.allSatisfy(ASCII.isPrintable) else { return nil }
        }
        self.text = String(text)
    }
}

/// `xtext` (RFC 3461 §4): printable ASCII but `+` and `=`, other octets as `+` and two upper-case hexadecimal digits.
public enum XText {
    /// The octets it stands for; nil where it is no xtext.
    public static func decoded(_ text: some Collection<UInt8>) -> [UInt8]? {
        var octets: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+") {
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                    return nil
                }
                octets.append(high << 4 | low)
            } else {
                guard (33...126).contains(byte), byte != UInt8(ascii: "=") else { return nil }
                octets.append(byte)
            }
        }
        return octets
    }

    public static func encoded(_ octets: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for octet in octets {
            if (33...126).contains(octet), octet != UInt8(ascii: "+"), octet != UInt8(ascii: "=") {
                text.append(octet)
            } else {
                text += [UInt8(ascii: "+"), digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func digit(_ byte: UInt8) -> UInt8? {
        digits.firstIndex(of: byte).map { UInt8($0) }
    }
}
