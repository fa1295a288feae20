import Glibc
import Relay

/// How `relayctl` ends; thrown by a command whose result is its exit code.
struct ExitStatus: Error, Hashable {
    let code: Int32

    static let success = ExitStatus(code: 0)
    /// Nothing matched; a check came out badly.
    static let nothing = ExitStatus(code: 1)
    /// A check of this side found a fault.
    static let faults = ExitStatus(code: 2)
    /// EX_USAGE of sysexits.h(3head).
    static let usage = ExitStatus(code: 64)
    /// EX_UNAVAILABLE: the daemon does not answer.
    static let unavailable = ExitStatus(code: 69)
    /// EX_SOFTWARE.
    static let unexpected = ExitStatus(code: 70)
    /// EX_CONFIG, as relayd has it.
    static let badConfiguration = ExitStatus(code: 78)

    /// Stopped by Ctrl-C before the end: 128 and the number of SIGINT, as shells have it.
    static let interrupted = ExitStatus(code: 130)

    static func leave(_ status: ExitStatus) -> Never {
        exit(status.code)
    }
}

/// A failure with its own words and exit code.
struct Failure: Error {
    let status: ExitStatus
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }
}

/// Results on standard output, everything else on standard error.
enum Output {
    /// With its line end, if it has none. A result that did not get where it was to go is none.
    static func value(_ text: String) throws(Failure) {
        var octets = Array(text.utf8)
        if octets.last != UInt8(ascii: "\n") { octets.append(UInt8(ascii: "\n")) }
        try Output.octets(octets)
    }

    /// As they are.
    static func octets(_ octets: [UInt8]) throws(Failure) {
        var rest = octets[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw Failure(.unexpected, "cannot write to standard output: \(String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(count)
        }
    }

    /// A value of our own making.
    static func json(of view: some Encodable) throws(Failure) {
        guard let octets = ControlJSON.encode(view) else { throw Failure(.unexpected, "the answer has no JSON") }
        try json(octets)
    }

    /// What strangers wrote stands in it, and must not steer the terminal.
    static func json(_ octets: [UInt8]) throws(Failure) {
        try value(TerminalJSON.ascii(octets))
    }

    /// Writes the answer of an offline check; the result is how the command ends.
    static func check(_ document: some CheckDocument, asJSON: Bool) throws(Failure) -> ExitStatus {
        if asJSON {
            guard let octets = ControlJSON.encode(document) else {
                throw Failure(.unexpected, "the answer cannot be written as JSON")
            }
            try json(octets)
        } else {
            try value(document.text(.standardOutput()))
        }
        return document.isGood ? .success : .nothing
    }

    /// As it is, on standard error: a question, or what is written over. Harmless by who made it.
    static func prompt(_ text: String) {
        _ = Array(text.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// What a person or a stranger wrote stands in it, and must not steer the terminal.
    static func error(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { TextStyle.harmless(String($0)) }
        var octets = Array(lines.joined(separator: "\n").utf8)
        if octets.last != UInt8(ascii: "\n") { octets.append(UInt8(ascii: "\n")) }
        _ = octets.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
