/// The OpenSSL this process runs with.
public enum OpenSSLLibrary {
    /// "OpenSSL 3.0.22 25 Aug 2026"
    public static var version: String { "" }
    /// Why this version is known to be unsafe, in one sentence; nil where it is not known to be.
    public static var knownUnsafe: String? { nil }
}
