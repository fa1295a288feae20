import COpenSSL

/// The OpenSSL this process runs with, which need not be the one it was built with.
public enum OpenSSLLibrary {
    /// "OpenSSL 3.0.22 25 Aug 2026"
    public static var version: String {
        OpenSSL_version(OPENSSL_VERSION).map { String(cString: $0) } ?? "OpenSSL"
    }

    /// Why this version is known to be unsafe, in one sentence; nil where it is not known to be.
    ///
    /// By version number only, which the operator is told: a distribution may have repaired a fault without changing the number, and faults found
    /// after this list was written are not in it.
    public static var knownUnsafe: String? {
        knownUnsafe(
            major: Int(OPENSSL_version_major()), minor: Int(OPENSSL_version_minor()),
            patch: Int(OPENSSL_version_patch()))
    }

    /// First releases, by branch of OpenSSL 3, without the faults of the advisory of 2026-04-07 (CVE-2026-28387: the
    /// DANE client frees twice; CVE-2026-28388 to 28390, CVE-2026-31789, CVE-2026-31790). 3.0 was the first branch to
    /// have all of what we use.
    private static let repaired = [0: 20, 3: 7, 4: 5, 5: 6, 6: 2]

    static func knownUnsafe(major: Int, minor: Int, patch: Int) -> String? {
        guard major == 3 else { return major < 3 ? "OpenSSL \(major) is no longer maintained" : nil }
        if let first = repaired[minor] {
            return patch < first
                ? "OpenSSL 3.\(minor).\(patch) has CVE-2026-28387 and others, repaired in 3.\(minor).\(first)" : nil
        }
        return minor < 6 ? "OpenSSL 3.\(minor) is no longer maintained" : nil
    }
}
