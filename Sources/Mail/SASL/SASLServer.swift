/// The server's side of one login (RFC 4422 §3) as a value: what happened goes in, what to do comes out. It computes no
/// digest: that is for the shell to do, away from where other clients are served.
public struct SASLServer: Sendable {
    public enum Event: Hashable, Sendable {
        /// The exchange begins, with the client's first response where it came with the command.
        case began(initialResponse: [UInt8]?)
        /// The client's answer to a challenge.
        case responded([UInt8])
        /// The verifier of the user that was asked for. One that nobody has gets one too, made up: whoever guesses names shall
        /// see no difference.
        case lookedUp(SCRAMVerifier, isKnown: Bool)
        case passwordChecked(Bool)
        /// Our own proof (RFC 5802 §3, ServerSignature) where the client's was right, else nil.
        case proofChecked(serverSignature: [UInt8]?)
        /// Something of this relay's own stands in the way, or the client left.
        case gaveUp(SASLFault)
    }

    public enum Action: Hashable, Sendable {
        /// Send these octets to the client, and read its answer.
        case challenge([UInt8])
        /// Find the verifier of that user. The octets may be no ``UserName``: then nobody is meant.
        case lookUp(name: [UInt8])
        case checkPassword(Password, SCRAMVerifier)
        case checkProof(SCRAMProof, SCRAMVerifier)
        /// The user is logged in; nothing more is sent.
        case succeed(user: UserName)
        case fail(SASLFault)
    }

    public let mechanism: SASLMechanismName

    /// Octets of randomness for an exchange.
    public static let nonceLength = 18

    /// - Parameters:
    ///   - bindings: of the session's channel; empty outside of TLS.
    ///   - offersPlus: the client was offered a mechanism with channel binding in this session.
    ///   - serverNonce: random octets, ``nonceLength`` of them, never used again.
    public init(
        mechanism: SASLMechanismName, bindings: [ChannelBindingType: [UInt8]], offersPlus: Bool, serverNonce: [UInt8]
    ) {
        self.mechanism = mechanism
    }

    /// The name the client gave, as soon as it is known: for the log.
    public var claimedName: [UInt8]? { nil }

    /// Takes what happened and says what to do.
    public mutating func handle(_ event: Event) -> Action { .fail(.malformed) }
}
