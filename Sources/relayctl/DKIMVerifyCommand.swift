import ArgumentParser
import Mail
import Relay

struct DKIMVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verifies every signature of a message.",
        discussion: """
            Keys are looked up in DNS here, by the configuration; with --key-record nobody is asked, and there are no other \
            keys than those. Lines that end in LF are taken with CRLF, which is said on standard error. At most 64 MiB.

            With --json: {"signatures": [{"domain", "selector", "algorithm", "result", "why", "remarks": []}], "passed_over"}; \
            result is pass, fail, neutral, temperror or permerror (RFC 8601 §2.7.1), and what cannot be read is null.

            Exit codes: 0 there are signatures, and every one passes; 1 not so.

            Example: relayctl dkim verify letter.eml \\
                --key-record "s1._domainkey.example.org=v=DKIM1; k=rsa; p=MIIB…"
            """)

    @Argument(help: ArgumentHelp("The message; - is standard input.", valueName: "file"))
    var file: String

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "A key: SELECTOR._domainkey.DOMAIN, an equals sign, its TXT record. May be repeated.",
            valueName: "name=value"))
    var keyRecord: [String] = []

    @Option(
        help: ArgumentHelp(
            "Judge times as of this one: 2026-08-01T12:00:00Z, or seconds since the epoch.", valueName: "time"))
    var at: String?

    @OptionGroup var options: LocalOptions

    func validate() throws {
        if !keyRecord.isEmpty, options.config != nil {
            throw ValidationError("--key-record and --config exclude each other")
        }
    }

    func run() async throws {
        let records = try Self.records(keyRecord)
        let time = try at.map(Arguments.time) ?? .system
        let message = try MessageFile.read(file)
        message.tell(file)
        let verification = OfflineVerification(of: message.content, at: time)
        let found: [DomainName: DKIMKeyLookup]
        if records.isEmpty {
            found = try await lookUp(verification.keyNames)
        } else {
            found = records.mapValues { DKIMKeyLookup.records($0) }
        }
        throw try Output.check(
            verification.document { found[$0] ?? .absent("no --key-record is of that name") }, asJSON: options.json)
    }

    private func lookUp(_ names: [DomainName]) async throws -> [DomainName: DKIMKeyLookup] {
        guard !names.isEmpty else { return [:] }
        let chosen = try options.configuration()
        Output.error("relayctl: resolved here, by \(chosen.words)")
        return try await LocalKeyLookup.find(names, by: chosen)
    }

    /// The texts of each name. The first equals sign parts them: no name has one.
    static func records(_ arguments: [String]) throws(Failure) -> [DomainName: [[UInt8]]] {
        var records: [DomainName: [[UInt8]]] = [:]
        for argument in arguments {
            let shown = TextStyle.harmless(argument)
            guard let sign = argument.firstIndex(of: "=") else {
                throw Failure(.usage, "--key-record \"\(shown)\" has no equals sign: write NAME=RECORD")
            }
            let name = try Arguments.domainName(String(argument[..<sign]))
            guard name.labels.dropFirst().contains("_domainkey") else {
                throw Failure(
                    .usage, "--key-record \"\(shown)\" is not of a key: its name must be SELECTOR._domainkey.DOMAIN")
            }
            let text = String(argument[argument.index(after: sign)...])
            Arguments.warnOfQuotes([text])
            records[name, default: []].append(Array(text.utf8))
        }
        return records
    }
}
