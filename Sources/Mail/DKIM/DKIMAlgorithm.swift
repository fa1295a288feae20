/// The kinds of keys (RFC 6376 §3.6.1, RFC 8463 §4): the tag `k=` of a key record.
public enum DKIMKeyType: String, Hashable, Sendable, CaseIterable {
    case rsa
    case ed25519

    /// The one algorithm we sign and verify with by such a key.
    public var algorithm: DKIMAlgorithm {
        switch self {
        case .rsa: .rsaSHA256
        case .ed25519: .ed25519SHA256
        }
    }
}

/// The algorithms of signatures that we make and accept: the tag `a=`. `rsa-sha1` is none (RFC 8301 §3.1, DKIM-01).
public enum DKIMAlgorithm: String, Hashable, Sendable, CaseIterable {
    case rsaSHA256 = "rsa-sha256"
    case ed25519SHA256 = "ed25519-sha256"

    public var keyType: DKIMKeyType {
        switch self {
        case .rsaSHA256: .rsa
        case .ed25519SHA256: .ed25519
        }
    }
}
