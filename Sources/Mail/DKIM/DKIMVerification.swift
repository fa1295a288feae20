/// The signatures of a message, ready to be checked: keys, hashes and cryptography come from the caller.
///
///     let verification = DKIMVerification(of: content, at: now)
///     for check in verification.checks {
///         switch check.step {
///         case .decided(let result): …
///         case .needsKey(let name): … verification.result(of: check, key:body:isValid:)
///         }
///     }
public struct DKIMVerification: Sendable {
    /// Signatures that are looked at, from the top; the rest is passed over. Each one costs a lookup and a verification.
    public static let signatureLimit = 10

    /// One signature.
    public struct Check: Sendable {
        public enum Step: Sendable {
            /// Nothing more is needed to know it.
            case decided(DKIMResult)
            /// The key record at that name is needed.
            case needsKey(DomainName)
        }

        public let step: Step
        /// Nil where the field cannot be read.
        public let signature: DKIMSignature?
    }

    /// From the top.
    public let checks: [Check]
    public let bodyOffset: Int

    /// - Parameter content: the header section at least.
    public init(of content: [UInt8], at time: WallTime) {
        checks = []
        bodyOffset = 0
    }

    /// - Parameters:
    ///   - key: what the lookup of the key brought.
    ///   - body: the hash of the body under the signature's `c=` and `l=`.
    ///   - verify: the cryptography, over octets that are still to be hashed by SHA-256.
    public func result(
        of check: Check, key: DKIMKeyLookup, body: DKIMBodyHash,
        verify: (_ key: DKIMKeyRecord, _ signature: [UInt8], _ input: [UInt8]) -> DKIMSignatureCheck
    ) -> DKIMResult {
        DKIMResult(.neutral, "", signature: nil)
    }
}

/// What a lookup of a key record brought.
public enum DKIMKeyLookup: Hashable, Sendable {
    /// The joined text of each TXT record.
    case records([[UInt8]])
    /// There is none; why.
    case absent(String)
    /// Not known for now; why.
    case failed(String)

    public init(_ answer: Answer) {
        self = .absent("")
    }
}

/// What cryptography says about a signature.
public enum DKIMSignatureCheck: Hashable, Sendable {
    case valid
    case invalid
    /// RSA below 1024 bits (RFC 8301 §3.2); its bits.
    case weakKey(bits: Int)
    /// The octets of the record are no such key; why.
    case unusableKey(String)
    /// Our own library failed; its words.
    case failed(String)
}

/// What came of one signature, in the words of RFC 8601 §2.7.1.
public struct DKIMResult: Hashable, Sendable {
    public enum Verdict: String, Hashable, Sendable, CaseIterable {
        case pass
        case fail
        case policy
        case neutral
        case temperror
        case permerror
    }

    public let verdict: Verdict
    /// One sentence without a full stop, safe for a log.
    public let words: String
    /// What else a reader should know: `l=`, a key under test.
    public let remarks: [String]
    public let signature: DKIMSignature?

    public init(_ verdict: Verdict, _ words: String, remarks: [String] = [], signature: DKIMSignature?) {
        self.verdict = verdict
        self.words = words
        self.remarks = remarks
        self.signature = signature
    }
}
