/// What came of one signature, in the words of RFC 8601 §2.7.1.
public struct DKIMResult: Hashable, Sendable {
    public enum Verdict: String, Hashable, Sendable, CaseIterable {
        /// The signature is that of the domain it names.
        case pass
        /// It is not, or what it rests on proves nothing any more: an old algorithm, a short or revoked key, a time that is
        /// over.
        case fail
        /// The field cannot be read.
        case neutral
        /// Not known for now; a later try may tell.
        case temperror
        /// It cannot be checked, and never will be.
        case permerror
    }

    public let verdict: Verdict
    /// One sentence without a full stop, safe for a log.
    public let words: String
    /// What else a reader should know, a sentence each: `l=`, a key under test.
    public let remarks: [String]
    /// Nil where the field cannot be read.
    public let signature: DKIMSignature?

    public init(_ verdict: Verdict, _ words: String, remarks: [String] = [], signature: DKIMSignature?) {
        self.verdict = verdict
        self.words = words
        self.remarks = remarks
        self.signature = signature
    }

    init(_ fault: DKIMFault) {
        let verdict: Verdict =
            switch fault.kind {
            case .syntax: .neutral
            case .unacceptable: .permerror
            case .historicAlgorithm: .fail
            }
        self.init(verdict, fault.words, signature: nil)
    }
}

/// What a lookup of a key record brought.
public enum DKIMKeyLookup: Hashable, Sendable {
    /// The text of each TXT record, its strings joined.
    case records([[UInt8]])
    /// There is none; why.
    case absent(String)
    /// Not known for now; why.
    case failed(String)

    /// Reads an answer for ``DKIMSignature/keyName``.
    public init(_ answer: Answer) {
        switch TXTLookup(answer) {
        case .records(let records): self = .records(records)
        case .absent(let words): self = .absent(words)
        case .failed(let words): self = .failed(words)
        }
    }
}

/// What cryptography says about a signature.
public enum DKIMSignatureCheck: Hashable, Sendable {
    case valid
    case invalid
    /// RSA of fewer than ``DKIMVerification/bitsRequired`` bits; how many.
    case weakKey(bits: Int)
    /// The octets of the record are no such key; why.
    case unusableKey(String)
    /// Our own library failed; its words.
    case failed(String)
}
