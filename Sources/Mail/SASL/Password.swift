/// A password as a client or a person gave it. No rendering of it tells it.
///
/// As for ``UserName``: octets as they are, without the mapping and normalization of SASLprep (RFC 4013 §2), which change no
/// printable ASCII.
public struct Password: Hashable, Sendable {
    /// UTF-8.
    public let octets: [UInt8]

    /// Octets. RFC 4616 §2 wants 255 to be taken; tokens that stand in for passwords are longer.
    public static let lengthLimit = Credentials.lengthLimit

    /// Nil for what is empty, over ``lengthLimit``, no UTF-8 or holds a control character.
    public init?(_ octets: some Collection<UInt8>) {
        guard (1...Self.lengthLimit).contains(octets.count), SASLText.isText(octets) else { return nil }
        self.octets = Array(octets)
    }

    /// Of printable ASCII alone: every client sends it the same way.
    public var isASCII: Bool { octets.allSatisfy(ASCII.isPrintable) }
}

extension Password: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "a password" }
    public var debugDescription: String { description }
    /// Empty, so that neither `dump` nor a test's message shows it.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
