/// One event as `event=name key=value …`, in the order the keys are added: the form of every line the daemon logs.
///
/// A value stands bare where it is made of harmless characters, else in double quotes with `\"`, `\\`, `\n`, `\r`, `\t`
/// and `\u{…}` for all other controls, bidirectional overrides and line separators. What a stranger wrote can neither
/// end the line nor pass for another key.
public struct LogLine: Sendable, CustomStringConvertible {
    public private(set) var text: String

    /// Octets of one value; what is longer is cut and ends in `…`. RFC 5321 §4.5.3.1.5 allows a reply line 512.
    public static let valueLimit = 1024

    /// `event` and keys are words of ours: lower case, digits, `-`, `_`.
    public init(_ event: StaticString) {
        text = "event=\(event)"
    }

    /// Adds ` key=value`; nothing for nil.
    public mutating func add(_ key: StaticString, _ value: (some CustomStringConvertible)?) {
        guard let value else { return }
        text += " \(key)="
        text += Self.escaped(value.description)
    }

    /// The same, for chains.
    public func with(_ key: StaticString, _ value: (some CustomStringConvertible)?) -> LogLine {
        var line = self
        line.add(key, value)
        return line
    }

    public var description: String { text }

    static func escaped(_ value: String) -> String { value }
}
