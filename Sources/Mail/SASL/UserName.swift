/// The name of one who may log in, as it stands in the file of users.
///
/// Names are compared octet by octet. SASLprep (RFC 4013 §2) changes no name of printable ASCII; of others its mapping and
/// normalization are not done here, so that what a client sends must be what the file has. Most software sends what is typed
/// in the form that SASLprep would make of it.
public struct UserName: Hashable, Sendable {
    /// UTF-8.
    public let octets: [UInt8]

    /// Octets (RFC 4616 §2).
    public static let lengthLimit = 255

    /// Nil for what is empty, over ``lengthLimit``, no UTF-8, holds a control character (RFC 4013 §2.3) or a colon, which ends
    /// a name in the file, or would be read there as something else: a comment, or a blank to be dropped.
    public init?(_ octets: some Collection<UInt8>) {
        guard (1...Self.lengthLimit).contains(octets.count), SASLText.isText(octets) else { return nil }
        let octets = Array(octets)
        guard !octets.contains(UInt8(ascii: ":")), octets.first != UInt8(ascii: "#"), octets.first != ASCII.space,
            octets.last != ASCII.space
        else { return nil }
        self.octets = octets
    }

    public init?(_ text: String) {
        self.init(Array(text.utf8))
    }

    public var text: String { String(decoding: octets, as: UTF8.self) }
}

extension UserName: CustomStringConvertible {
    public var description: String { text }
}
