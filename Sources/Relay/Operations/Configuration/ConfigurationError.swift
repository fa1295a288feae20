/// All that is wrong with a configuration. Never empty, in the order of the file.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    public let faults: [ConfigurationFault]
    /// How the log is to be written, as far as that could be read: by it the faults are told.
    public var log = Configuration.Log()

    /// One line for each fault.
    public var description: String {
        faults.map(\.description).joined(separator: "\n")
    }
}

/// One thing that is wrong with a configuration, said so that it can be put right.
public struct ConfigurationFault: Error, Hashable, Sendable, CustomStringConvertible {
    public let file: String
    /// nil where the fault is not in the text: the file is missing, or a default does not hold on this machine.
    public let place: TextPlace?
    /// `intake.listen[0]`; empty where it concerns the file as a whole.
    public let key: String
    /// What is wrong, as a sentence without its full stop.
    public let problem: String
    /// What to do, as a sentence without its full stop.
    public let cure: String

    /// `relayd.toml:12:5: intake.lisen: there is no such key. Did you mean `listen`?`
    public var description: String {
        let position = place.map { ":\($0.line):\($0.column)" } ?? ""
        let key = key.isEmpty ? "" : "\(key): "
        let end = cure.isEmpty ? "" : " \(cure)\(cure.hasSuffix("?") ? "" : ".")"
        return "\(file)\(position): \(key)\(problem).\(end)"
    }
}

extension [ConfigurationFault] {
    /// As they stand in the file; what is not in it comes last.
    var inOrder: [ConfigurationFault] {
        let nowhere = TextPlace(line: .max, column: 0)
        return sorted { ($0.place ?? nowhere, $0.key) < ($1.place ?? nowhere, $1.key) }
    }
}

/// Line and column, both from 1; columns count Unicode scalars.
public struct TextPlace: Hashable, Sendable, Comparable {
    public let line: Int
    public let column: Int

    public static func < (left: Self, right: Self) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}
