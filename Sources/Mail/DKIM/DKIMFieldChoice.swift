/// Which fields of a header section are signed, and which of them beyond those that are there (RFC 6376 §5.4).
public struct DKIMFieldChoice: Hashable, Sendable {
    public static let standard = DKIMFieldChoice()

    /// The names for `h=`, in lower case, each as often as it is to be looked up (DKIM-07, DKIM-09, DKIM-16).
    public func names(for header: HeaderSection) -> [String] { [] }
}
