import Glibc

/// A reader of what strangers send, and what must hold of it for any octets; that it must not trap goes without saying.
public struct Target: Sendable {
    public let name: String
    public let run: @Sendable ([UInt8]) -> Void

    public init(_ name: String, _ run: @escaping @Sendable ([UInt8]) -> Void) {
        self.name = name
        self.run = run
    }

    /// The one that `$FUZZ` names. Without it the names go to standard output, and the program ends.
    public static func chosen(from all: [Target]) -> Target {
        let name = getenv("FUZZ").map { String(cString: $0) } ?? ""
        if let found = all.first(where: { $0.name == name }) { return found }
        say("FUZZ must be one of: \(all.map(\.name).joined(separator: " "))", to: STDOUT_FILENO)
        // exit() would be a find: libFuzzer has a hand in it.
        _exit(64)
    }

    /// What a target is made of: without it there is nothing to run.
    public static func needed<Part>(_ part: Part?) -> Part {
        guard let part else { end("FUZZ: this target cannot be made") }
        return part
    }

    /// Ends the run as a find.
    public static func must(_ holds: Bool, _ what: @autoclosure () -> String) {
        if !holds { end("FOUND: \(what())") }
    }

    private static func end(_ words: String) -> Never {
        say(words, to: STDERR_FILENO)
        abort()
    }

    /// Nothing of this waits in a buffer: abort() and _exit() flush none.
    private static func say(_ words: String, to descriptor: CInt) {
        let line = Array("\(words)\n".utf8)
        _ = write(descriptor, line, line.count)
    }
}
