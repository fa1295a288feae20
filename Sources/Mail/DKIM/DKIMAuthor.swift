/// Who wrote a message: the domain of its From field (RFC 5322 §3.6.2).
public enum DKIMAuthor {
    /// The one domain of the addresses in the value of a From field, as written: case and U-labels stay.
    public static func domain(of from: some Sequence<UInt8>) throws(DKIMUnsignable) -> String {
        throw .noFrom
    }
}
