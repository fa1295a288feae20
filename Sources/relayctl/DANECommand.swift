import ArgumentParser
import Mail
import Relay
import TLS

struct DANECommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dane", abstract: "Checks certificates against TLSA records.", subcommands: [DANECheckCommand.self]
    )
}

struct DANECheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Says whether a certificate chain would satisfy TLSA records, and which.",
        discussion: """
            By the verifier that deliveries use, without a connection. The chain is what the server would present, leaf first.

            Exit codes: 0 verified; 1 refused, or no record is usable.

            Example: relayctl dane check --host mx1.example.org --chain chain.pem \\
                --tlsa "3 1 1 2f4e…"
            """)

    @Option(help: ArgumentHelp("The TLSA base domain, for most the MX host's name.", valueName: "name"))
    var host: String

    @Option(help: ArgumentHelp("Certificates in PEM form, leaf first; - is standard input.", valueName: "file"))
    var chain: String

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A record: usage, selector, matching type, data. May be repeated.", valueName: "record"))
    var tlsa: [String]

    @Option(
        help: ArgumentHelp(
            "The recipients' domain: accepted too in a certificate under usage 2 (RFC 7672 §3.2.2).", valueName: "name")
    )
    var nextHop: String?

    @Option(
        help: ArgumentHelp(
            "Judge dates as of this time: 2026-08-01T12:00:00Z, or seconds since the epoch.", valueName: "time"))
    var at: String?

    @OptionGroup var output: OutputOptions

    /// Octets of a chain: a hundred certificates of a generous size.
    static let chainLimit = 1_048_576

    func run() throws {
        let name = try Arguments.domainName(host)
        let others = try nextHop.map { text throws(Failure) in [try Arguments.domainName(text)] } ?? []
        let records = try tlsa.map(Arguments.tlsaRecord)
        let time = try at.map(Arguments.time)
        let pem = try InputFile.read(chain, limit: Self.chainLimit)
        let reference = DANEReference(
            baseDomain: name, records: records, referenceIdentifiers: [name] + others.filter { $0 != name })
        let check: DANECheck
        do throws(TLSError) {
            check = try DANECheck(chain: pem, reference: reference, at: time, context: try ClientContext(.dane))
        } catch {
            if case .file = error.kind {
                throw Failure(.usage, "\(chain): \(error.text). Certificates in PEM form are due, leaf first.")
            }
            throw Failure(.unexpected, error.text)
        }
        throw try Output.check(DANECheckDocument(check, host: name, records: records), asJSON: output.json)
    }
}
