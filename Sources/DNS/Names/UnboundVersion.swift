import CUnbound

/// libunbound's version, and what is known against it.
public struct UnboundVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var major: Int
    public var minor: Int
    public var micro: Int

    public init(_ major: Int, _ minor: Int, _ micro: Int) {
        self.major = major
        self.minor = minor
        self.micro = micro
    }

    /// Reads `1.17.1`, also with a suffix (`1.26.0rc1`); nil for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let major = Int(parts[0]), let minor = Int(parts[1]),
            let micro = Int(parts[2].prefix { $0.isASCII && $0.isNumber })
        else { return nil }
        self.init(major, minor, micro)
    }

    /// The library this process is linked to. The corresponding C function is `ub_version`.
    public static var linked: UnboundVersion? { UnboundVersion(String(cString: ub_version())) }

    public static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor, left.micro) < (right.major, right.minor, right.micro)
    }

    public var description: String { "\(major).\(minor).\(micro)" }

    /// Faults of the upstream release of this number that a stranger's zone can reach, by CVE; empty where none is known.
    /// Distributions patch without a new number: read it as "look at the package", which is why the library runs in a
    /// process of its own.
    public var knownFaults: [String] {
        Self.faults.compactMap { fault, fixed in self < fixed ? fault : nil }
    }

    public var isKnownUnsafe: Bool { !knownFaults.isEmpty }

    /// From unbound's Changelog and advisories: the fault, and the first release without it.
    private static let faults: [(String, UnboundVersion)] = [
        // Published for 1.19.1 to 1.25.0, but its cause came to older releases with back-ported NSEC3 fixes.
        ("CVE-2026-33278", UnboundVersion(1, 25, 1)),
        ("CVE-2026-42959", UnboundVersion(1, 25, 1)),
        ("CVE-2026-44621", UnboundVersion(1, 25, 2)),
        ("CVE-2026-56416", UnboundVersion(1, 25, 2)),
    ]
}
