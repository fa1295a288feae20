import Glibc
import Relay

/// How `relayctl` ends; thrown by a command whose result is its exit code.
struct ExitStatus: Error, Hashable {
    let code: Int32

    static let success = ExitStatus(code: 0)
    /// Nothing matched; a check came out badly.
    static let nothing = ExitStatus(code: 1)
    /// EX_USAGE of sysexits.h(3head).
    static let usage = ExitStatus(code: 64)
    /// EX_UNAVAILABLE: the daemon does not answer.
    static let unavailable = ExitStatus(code: 69)
    /// EX_SOFTWARE.
    static let unexpected = ExitStatus(code: 70)
    /// EX_CONFIG, as relayd has it.
    static let badConfiguration = ExitStatus(code: 78)

    static func leave(_ status: ExitStatus) -> Never {
        fflush(nil)
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
    /// With its line end, if it has none.
    static func value(_ text: String) {
        print(text, terminator: text.hasSuffix("\n") ? "" : "\n")
    }

    static func json(_ octets: [UInt8]) {
        value(String(decoding: octets, as: UTF8.self))
    }

    /// Writes the answer of an offline check; the result is how the command ends.
    static func check(_ document: some CheckDocument, asJSON: Bool) throws(Failure) -> ExitStatus {
        if asJSON {
            guard let octets = ControlJSON.encode(document) else {
                throw Failure(.unexpected, "the answer cannot be written as JSON")
            }
            json(octets)
        } else {
            value(document.text(.standardOutput()))
        }
        return document.isGood ? .success : .nothing
    }

    static func error(_ text: String) {
        var octets = Array(text.utf8)
        if octets.last != UInt8(ascii: "\n") { octets.append(UInt8(ascii: "\n")) }
        _ = octets.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
