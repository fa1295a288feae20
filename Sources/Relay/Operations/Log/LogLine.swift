public import Logging

/// One event with its fields, in the order they are added: the form of every line the daemon logs. As text it is
/// `event=name key=value …`, as JSON one object (`log.format`).
///
/// In text a value stands bare where it is made of printable ASCII without blanks, quotes and backslashes; else it stands in
/// double quotes with `\"`, `\\`, `\n`, `\r`, `\t`, and `\u{…}` for every other control, line separator, bidirectional
/// override and invisible format character. What a stranger wrote can neither end the line, nor pass for another
/// key, nor move a terminal's cursor. The line is valid UTF-8 always.
public struct LogLine: Sendable, CustomStringConvertible {
    /// One `key=value`.
    struct Field: Sendable {
        let key: String
        let value: Value
    }

    enum Value: Sendable {
        case text(String)
        /// Digits, as JSON spells a number.
        case number(String)
        case boolean(Bool)

        /// As a line of text has it, before it is escaped.
        var text: String {
            switch self {
            case .text(let text), .number(let text): text
            case .boolean(let value): "\(value)"
            }
        }
    }

    let event: String
    private(set) var fields: [Field] = []

    /// Octets of one value before escaping; what is longer is cut and ends in `…`. RFC 5321 §4.5.3.1.5 allows a reply
    /// line 512 of them.
    public static let valueLimit = 1024

    /// Fields of the lines that every message has.
    private static let usualFields = 16
    /// Octets of such a line.
    private static let usualSize = 512

    /// `event` and the keys are words of ours: lower case letters, digits, `-` and `_`.
    public init(_ event: StaticString) {
        self.event = event.description
        fields.reserveCapacity(Self.usualFields)
    }

    /// Adds ` key=value`; nothing for nil.
    public mutating func add(_ key: StaticString, _ value: (some CustomStringConvertible)?) {
        guard let value else { return }
        fields.append(Field(key: key.description, value: .text(value.description)))
    }

    /// The same for a number, which is one in JSON too.
    public mutating func add(_ key: StaticString, _ value: (some BinaryInteger)?) {
        guard let value else { return }
        fields.append(Field(key: key.description, value: .number(String(value))))
    }

    /// The same for true and false.
    public mutating func add(_ key: StaticString, _ value: Bool?) {
        guard let value else { return }
        fields.append(Field(key: key.description, value: .boolean(value)))
    }

    /// The same, for chains.
    public consuming func with(_ key: StaticString, _ value: (some CustomStringConvertible)?) -> LogLine {
        add(key, value)
        return self
    }

    public consuming func with(_ key: StaticString, _ value: (some BinaryInteger)?) -> LogLine {
        add(key, value)
        return self
    }

    public consuming func with(_ key: StaticString, _ value: Bool?) -> LogLine {
        add(key, value)
        return self
    }

    /// The line without time, level and line end.
    public var text: String {
        var text = ""
        append(to: &text)
        return text
    }

    func append(to text: inout String) {
        text.reserveCapacity(text.utf8.count + Self.usualSize)
        text += "event="
        text += event
        for field in fields {
            text += " "
            text += field.key
            text += "="
            text += Self.escaped(field.value.text)
        }
    }

    public var description: String { text }
}

extension Logger {
    /// Logs one event. The line is only made when `level` is logged, by some station at least.
    public func event(_ level: Logger.Level, _ line: @autoclosure () -> LogLine) {
        guard level >= logLevel else { return }
        let line = line()
        // Our own writer takes the fields as they are; any other one gets the text.
        if let writer = handler as? LogWriter {
            writer.write(level, line)
        } else {
            log(level: level, "\(line.text)")
        }
    }
}
