/// One line of the file of users: `name:{SCRAM-SHA-256}iterations,salt,StoredKey,ServerKey`, the last three in base64.
///
/// This is a line of Dovecot's passwd-file; behind the colon stands what `doveadm pw -s SCRAM-SHA-256` prints.
public struct UserRecord: Hashable, Sendable {
    public let name: UserName
    public let verifier: SCRAMVerifier

    /// Octets of a line without its end. The longest record has 467.
    public static let lineLimit = 512

    public init(name: UserName, verifier: SCRAMVerifier) {
        self.name = name
        self.verifier = verifier
    }

    /// The line without its end.
    public var line: [UInt8] { [] }

    /// - Parameter line: without its end.
    public init(parsing line: some Collection<UInt8>) throws(UserRecordFault) { throw .noColon }
}

/// Why a line is no record of a user.
public enum UserRecordFault: Error, Hashable, Sendable {
    case tooLong
    case noColon
    case name
    /// The scheme in braces is another, or there is none: a password in clear, or another hash.
    case scheme
    case fields
    case iterations
    case salt
    case keys
}
