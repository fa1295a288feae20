/// How soon a message has its turn where several wait for one destination.
public enum Priority: Int, Hashable, Sendable, CaseIterable, Comparable, CustomStringConvertible {
    /// Has most of the turns, but never all: see ``Turns``.
    case high
    case normal

    /// The urgent one is less.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// As the configuration and the control socket spell it.
    public var description: String {
        switch self {
        case .high: "high"
        case .normal: "normal"
        }
    }
}
