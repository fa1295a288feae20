import ArgumentParser
import DNS
import FoundationEssentials
import Glibc
import Mail
import Relay

/// What a person typed, as values.
enum Arguments {
    /// In ASCII or as U-labels.
    static func domainName(_ text: String) throws(Failure) -> DomainName {
        do throws(IDNAError) {
            return try DomainName(idna: text)
        } catch {
            throw Failure(.usage, "\(shown(text)) is no domain name" + hint(text))
        }
    }

    /// As `relayctl destinations` lists it; a domain also as U-labels.
    static func destination(_ text: String) throws(Failure) -> DestinationName {
        if let name = DestinationName(text) { return name }
        if text.hasPrefix("[") || text.hasPrefix("via:") {
            throw Failure(.usage, "\(shown(text)) is no destination: write it as relayctl destinations lists it")
        }
        return DestinationName(try domainName(text))
    }

    /// An address, `@domain`, and of a sender `<>` or nothing.
    static func address(_ text: String, of option: String, isSender: Bool) throws(Failure) -> AddressSelector {
        guard text.utf8.count <= ControlLimits.text, let selector = AddressSelector(text, isSender: isSender) else {
            throw Failure(
                .usage,
                "\(option) \(shown(text)) is no mail address: write local-part@domain or @domain"
                    + (isSender ? ", or '<>' for the null reverse-path" : ""))
        }
        return selector
    }

    /// A span of time as the configuration has them, 1 second to `ceiling`.
    static func seconds(_ text: String, of option: String, upTo ceiling: Int64) throws(Failure) -> Int64 {
        guard let seconds = SpanText.seconds(text), seconds > 0 else {
            throw Failure(
                .usage,
                "\(option) \(shown(text)) is no span of time: write 90m, 2h or 3d, more than 0 and at most "
                    + "\(ceiling / 86_400)d")
        }
        guard seconds <= ceiling else {
            throw Failure(.usage, "\(option) \(shown(text)) is too long: at most \(ceiling / 86_400)d")
        }
        return seconds
    }

    /// The operator's words, for logs, lists and notices.
    static func reason(_ text: String) throws(Failure) -> String {
        guard let reason = ControlReason.read(text) else {
            throw Failure(
                .usage,
                "--reason must be 1 to \(ControlLimits.reason) octets on one line, without control characters")
        }
        return reason
    }

    /// For `validate()`: a fault of the command line that is told with the usage of its command.
    static func asUsage<Value>(_ body: () throws(Failure) -> Value) throws -> Value {
        do throws(Failure) {
            return try body()
        } catch {
            throw ValidationError(error.message)
        }
    }

    /// What may be meant by something else than a domain.
    private static func hint(_ text: String) -> String {
        if text.hasPrefix("[") {
            return
                ". Mail to an address in brackets goes straight there, over TLS where it is offered: such a next hop has neither "
                + "MX nor TLSA records nor an MTA-STS policy, and only a [[rule]] for it can demand more"
        }
        guard let at = text.lastIndex(of: "@"),
            let domain = try? DomainName(idna: String(text[text.index(after: at)...]))
        else { return "" }
        return ": did you mean \(domain)?"
    }

    /// In quotation marks, and on one line whatever it holds.
    private static func shown(_ text: String) -> String { "\"\(TextStyle.harmless(text))\"" }

    static func tlsaRecord(_ text: String) throws(Failure) -> TLSARecord {
        do throws(TLSATextError) {
            return try TLSARecord(parsing: text)
        } catch {
            throw Failure(.usage, "--tlsa \(shown(text)): \(error)")
        }
    }

    static func time(_ text: String) throws(Failure) -> WallTime { try time(text, of: "--at") }

    /// `2026-08-01T12:00:00Z` (RFC 3339 §5.6), or seconds since the epoch.
    static func time(_ text: String, of option: String) throws(Failure) -> WallTime {
        if let seconds = Int64(text) { return WallTime(seconds: seconds) }
        guard let date = try? Date(text, strategy: .iso8601), let seconds = Int64(exactly: date.timeIntervalSince1970)
        else {
            throw Failure(
                .usage, "\(option) \(shown(text)) is no time: write 2026-08-01T12:00:00Z, or seconds since the epoch")
        }
        return WallTime(seconds: seconds)
    }

    /// dig(1) prints TXT records in quotation marks; with them no record is one.
    static func warnOfQuotes(_ records: [String]) {
        guard records.contains(where: { $0.hasPrefix("\"") }) else { return }
        Output.error("relayctl: a record begins with a quotation mark: leave out those that dig prints")
    }
}

/// A file that a person named.
enum InputFile {
    /// All of it, or of standard input for `-`, but at most `limit` octets.
    static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var octets: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while octets.count < limit {
            let count = buffer.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress, min($0.count, limit - octets.count))
            }
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw failure(path) }
            if count == 0 { break }
            octets += buffer[..<count]
        }
        return octets
    }

    private static func failure(_ path: String) -> Failure {
        Failure(.usage, "cannot read \(TextStyle.harmless(path)): \(String(cString: strerror(errno)))")
    }
}

extension WallTime {
    /// The system's clock.
    static var system: WallTime { WallTime(seconds: Int64(Glibc.time(nil))) }
}
