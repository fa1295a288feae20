/// What is kept of a password (RFC 5802 §3): enough to check it, not enough to log in with it.
public struct SCRAMVerifier: Hashable, Sendable {
    /// Rounds of PBKDF2.
    public let iterations: Int
    public let salt: [UInt8]
    /// H(HMAC(SaltedPassword, "Client Key"))
    public let storedKey: [UInt8]
    /// HMAC(SaltedPassword, "Server Key")
    public let serverKey: [UInt8]

    /// Rounds. RFC 7677 §4 has 4096 as the least; above the most, one login would take a second of a processor.
    public static let iterationRange = 4096...1_000_000
    /// Rounds for new verifiers: about ten milliseconds (RFC 7677 §4: 15,000 or more).
    public static let usualIterations = 15_000
    /// Octets.
    public static let saltRange = 8...64
    /// Octets for new verifiers.
    public static let usualSaltLength = 16
    /// Octets of each key: of a SHA-256 digest.
    public static let keyLength = 32

    /// Nil where something is out of its bounds.
    public init?(iterations: Int, salt: [UInt8], storedKey: [UInt8], serverKey: [UInt8]) {
        guard Self.iterationRange.contains(iterations), Self.saltRange.contains(salt.count),
            storedKey.count == Self.keyLength, serverKey.count == Self.keyLength
        else { return nil }
        self.iterations = iterations
        self.salt = salt
        self.storedKey = storedKey
        self.serverKey = serverKey
    }
}

extension SCRAMVerifier: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "a verifier of \(iterations) rounds" }
    public var debugDescription: String { description }
    /// Empty: who has the keys can try passwords, and can play this server.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What a client shows to prove that it knows the password (RFC 5802 §3).
public struct SCRAMProof: Hashable, Sendable {
    /// The three messages that the proof is made over.
    public let authMessage: [UInt8]
    /// ClientKey XOR ClientSignature, ``SCRAMVerifier/keyLength`` octets.
    public let proof: [UInt8]

    public init(authMessage: [UInt8], proof: [UInt8]) {
        self.authMessage = authMessage
        self.proof = proof
    }
}
