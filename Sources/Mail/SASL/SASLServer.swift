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

    /// Where the exchange stands. A state is left by the event it waits for, to the next or to `ended`.
    enum State: Sendable {
        case idle
        /// A mechanism in which the client speaks first was asked to (RFC 4954 §4: a challenge of no octets).
        case invited
        /// LOGIN: asked for the name.
        case nameAsked
        /// LOGIN: asked for the password.
        case passwordAsked(name: [UInt8])
        /// Leaves by: passwordChecking, as the verifier comes.
        case passwordLookup(name: [UInt8], Password)
        case passwordChecking(name: [UInt8], isKnown: Bool)
        /// Leaves by: scramChallenged, as the verifier comes.
        case scramLookup(SCRAMClientFirst)
        /// server-first-message is sent.
        case scramChallenged(SCRAMDialogue, SCRAMVerifier, isKnown: Bool)
        case scramChecking(name: [UInt8], isKnown: Bool)
        /// server-final-message is sent. In SMTP it cannot come with the 235, so the client answers it with no octets
        /// (RFC 4954 §4).
        case scramProven(user: UserName)
        case ended
    }

    public let mechanism: SASLMechanismName
    let bindings: [ChannelBindingType: [UInt8]]
    let offersPlus: Bool
    let serverNonce: [UInt8]
    private var state = State.idle
    /// The name the client gave, as soon as it is known: for the log.
    public private(set) var claimedName: [UInt8]?

    /// Octets of randomness for an exchange (RFC 5802 §5.1 names no number).
    public static let nonceLength = 18
    // What clients of LOGIN look for; some compare it.
    static let namePrompt = Array("Username:".utf8)
    static let passwordPrompt = Array("Password:".utf8)

    /// - Parameters:
    ///   - bindings: of the session's channel; empty outside of TLS.
    ///   - offersPlus: the client was offered a mechanism with channel binding in this session.
    ///   - serverNonce: random octets, ``nonceLength`` of them, never used again.
    public init(
        mechanism: SASLMechanismName, bindings: [ChannelBindingType: [UInt8]], offersPlus: Bool, serverNonce: [UInt8]
    ) {
        self.mechanism = mechanism
        self.bindings = bindings
        self.offersPlus = offersPlus
        // base64 has neither controls nor a comma, which end a nonce.
        self.serverNonce = Base64.encoded(serverNonce)
    }

    /// Takes what happened and says what to do.
    public mutating func handle(_ event: Event) -> Action {
        switch (state, event) {
        case (.idle, .began(let initialResponse)):
            if let initialResponse { return first(initialResponse) }
            switch mechanism {
            case .plain, .scramSHA256, .scramSHA256Plus:
                state = .invited
                return .challenge([])
            case .login:
                state = .nameAsked
                return .challenge(Self.namePrompt)
            }
        case (.invited, .responded(let octets)), (.nameAsked, .responded(let octets)):
            return first(octets)

        case (.passwordAsked(let name), .responded(let octets)):
            return password(octets, of: name)
        case (.passwordLookup(let name, let password), .lookedUp(let verifier, let isKnown)):
            state = .passwordChecking(name: name, isKnown: isKnown)
            return .checkPassword(password, verifier)
        case (.passwordChecking(let name, let isKnown), .passwordChecked(let matches)):
            guard isKnown, let user = UserName(name) else { return fail(.unknownUser) }
            guard matches else { return fail(.wrongPassword) }
            state = .ended
            return .succeed(user: user)

        case (.scramLookup(let opening), .lookedUp(let verifier, let isKnown)):
            let dialogue = SCRAMDialogue(opening, serverNonce: serverNonce, verifier)
            state = .scramChallenged(dialogue, verifier, isKnown: isKnown)
            return .challenge(dialogue.serverFirst)
        case (.scramChallenged(let dialogue, let verifier, let isKnown), .responded(let octets)):
            do throws(SASLFault) {
                let proof = try dialogue.proof(octets)
                state = .scramChecking(name: dialogue.opening.name, isKnown: isKnown)
                return .checkProof(proof, verifier)
            } catch {
                return fail(error)
            }
        case (.scramChecking(let name, let isKnown), .proofChecked(let signature)):
            guard isKnown, let user = UserName(name) else { return fail(.unknownUser) }
            guard let signature else { return fail(.wrongPassword) }
            state = .scramProven(user: user)
            return .challenge(Array("v=".utf8) + Base64.encoded(signature))
        case (.scramProven(let user), .responded(let octets)):
            guard octets.isEmpty else { return fail(.malformed) }
            state = .ended
            return .succeed(user: user)

        case (_, .gaveUp(let fault)):
            return fail(fault)

        // Reports of things nobody asked for, and whatever comes late. To go on would be to guess.
        case (.idle, _), (.invited, _), (.nameAsked, _), (.passwordAsked, _), (.passwordLookup, _),
            (.passwordChecking, _),
            (.scramLookup, _), (.scramChallenged, _), (.scramChecking, _), (.scramProven, _), (.ended, _):
            return fail(.malformed)
        }
    }

    /// The client's first message.
    private mutating func first(_ octets: [UInt8]) -> Action {
        switch mechanism {
        case .plain:
            return plain(octets)
        case .login:
            guard !octets.isEmpty else { return fail(.malformed) }
            claimedName = octets
            state = .passwordAsked(name: octets)
            return .challenge(Self.passwordPrompt)
        case .scramSHA256, .scramSHA256Plus:
            do throws(SASLFault) {
                let opening = try SCRAMClientFirst(parsing: octets)
                claimedName = opening.name
                let binding = try binding(opening.flag)
                try checkIdentity(opening.identity, of: opening.name)
                state = .scramLookup(opening.bound(to: binding))
                return .lookUp(name: opening.name)
            } catch {
                return fail(error)
            }
        }
    }

    // message = [authzid] UTF8NUL authcid UTF8NUL passwd
    private mutating func plain(_ octets: [UInt8]) -> Action {
        let parts = octets.split(separator: 0, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[1].isEmpty, !parts[2].isEmpty else { return fail(.malformed) }
        let name = Array(parts[1])
        claimedName = name
        do throws(SASLFault) { try checkIdentity(parts[0].isEmpty ? nil : Array(parts[0]), of: name) } catch {
            return fail(error)
        }
        return password(Array(parts[2]), of: name)
    }

    private mutating func password(_ octets: [UInt8], of name: [UInt8]) -> Action {
        guard let password = Password(octets) else { return fail(octets.isEmpty ? .malformed : .wrongPassword) }
        state = .passwordLookup(name: name, password)
        return .lookUp(name: name)
    }

    /// Nobody acts for somebody else here (RFC 4422 §2).
    private func checkIdentity(_ identity: [UInt8]?, of name: [UInt8]) throws(SASLFault) {
        if let identity, identity != name { throw .otherIdentity }
    }

    /// The octets of the channel for the client's flag (RFC 5802 §6).
    private func binding(_ flag: SCRAMClientFirst.Flag) throws(SASLFault) -> [UInt8] {
        switch (mechanism, flag) {
        case (.scramSHA256Plus, .uses(let name)):
            guard let type = ChannelBindingType(rawValue: name), let octets = bindings[type] else {
                throw .channelBinding
            }
            return octets
        case (.scramSHA256Plus, .supports), (.scramSHA256Plus, .lacks):
            throw .channelBinding
        // > if the flag is "y" and the server supports channel binding, the server MUST fail authentication.
        case (_, .supports):
            if offersPlus { throw .downgrade }
            return []
        case (_, .lacks):
            return []
        case (_, .uses):
            throw .channelBinding
        }
    }

    private mutating func fail(_ fault: SASLFault) -> Action {
        state = .ended
        return .fail(fault)
    }
}
