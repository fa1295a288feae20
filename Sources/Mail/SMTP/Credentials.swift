/// The name and password this relay shows to a smarthost (RFC 4616 §2). No rendering of it tells the password.
public struct Credentials: Hashable, Sendable {
    /// In UTF-8, as it is sent.
    public let user: String
    let password: String

    /// Octets of either part. RFC 4616 §2 wants 255 of each to be taken; tokens that stand in for passwords are longer.
    public static let lengthLimit = 1024

    /// Nil where a part is empty, has a control character (NUL would end it: RFC 4616 §2) or is over ``lengthLimit``.
    public init?(user: String, password: String) {
        guard Self.isUsable(user), Self.isUsable(password) else { return nil }
        self.user = user
        self.password = password
    }

    private static func isUsable(_ part: String) -> Bool {
        (1...lengthLimit).contains(part.utf8.count) && part.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}

extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "credentials of \(user)" }
    public var debugDescription: String { description }
    /// Empty, so that neither `dump` nor a test's message shows the password.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The ways to log in that this relay knows (RFC 4954 §4). CRAM-MD5, DIGEST-MD5 and SCRAM are not among them: inside verified
/// TLS they protect nothing more.
public enum SASLMechanism: String, Hashable, Sendable, CaseIterable {
    /// RFC 4616
    case plain = "PLAIN"
    /// Never a standard; what is left of it in the field are hosts that have nothing else.
    case login = "LOGIN"

    /// The first of ours that a host offers.
    static func preferred(among offered: [String]) -> SASLMechanism? {
        allCases.first { offered.contains($0.rawValue) }
    }

    /// What is sent, in order: the first with the AUTH command where ``sendsFirst``, each other upon a 334.
    func responses(_ credentials: Credentials) -> [[UInt8]] {
        let (user, password) = (Array(credentials.user.utf8), Array(credentials.password.utf8))
        switch self {
        // message = [authzid] UTF8NUL authcid UTF8NUL passwd
        case .plain: return [Base64.encoded([0] + user + [0] + password)]
        case .login: return [Base64.encoded(user), Base64.encoded(password)]
        }
    }

    /// The client begins (RFC 4422 §5): its first response may go with the command.
    var sendsFirst: Bool { self == .plain }
}
