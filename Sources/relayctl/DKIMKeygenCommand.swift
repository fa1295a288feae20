import ArgumentParser
import Glibc
import Mail
import Relay
import TLS

struct DKIMKeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Makes keys for a domain, and prints what to publish and what to configure.",
        discussion: """
            One RSA key, which every verifier knows, and one Ed25519 key. Each private key goes into a file \
            DOMAIN.SELECTOR.pem that only its owner can read, and is printed nowhere; a file that is there is never written \
            over. Without --selector the selectors are s (for reports: tlsrpt), the date in UTC, and r or e for the kind of \
            key; r and e are added to a --selector, too, unless --only is given.

            With --json: {"keys": [{"domain", "selector", "key_type", "bits", "use", "not_before", "file", "name", "record", \
            "zone_file": [], "published", "why"}], "configuration"}.

            Exit codes: 0 made; 64 a file is there already or cannot be written; 70 the keys are made, and what to publish \
            could not be printed.

            Example: sudo -u waxwing relayctl dkim keygen example.org \\
                --directory /etc/waxwing/dkim
            """)

    enum Only: String, ExpressibleByArgument, CaseIterable { case rsa, ed25519 }

    @Argument(help: ArgumentHelp("The domain that signs, in ASCII or as U-labels.", valueName: "domain"))
    var domain: String

    @Option(help: ArgumentHelp("The name of the key.", valueName: "name"))
    var selector: String?

    @Option(help: ArgumentHelp("Where the files go.", valueName: "folder"))
    var directory = "."

    @Option(help: ArgumentHelp("Bits of the RSA key: 2048, 3072 or 4096 (default: 2048).", valueName: "bits"))
    var rsa: Int?

    @Option(help: "Make this kind of key alone.")
    var only: Only?

    @Flag(help: "Keys for our own TLS-RPT reports alone.")
    var forReports = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if selector?.isEmpty == true { throw ValidationError("--selector is empty") }
        if only == .ed25519, rsa != nil {
            throw ValidationError("--rsa and --only ed25519 exclude each other: there would be no RSA key")
        }
        if rsaKind == nil { throw ValidationError("--rsa must be 2048, 3072 or 4096") }
    }

    private var rsaKind: DKIMPrivateKey.Kind? { DKIMPrivateKey.Kind(rawValue: "rsa-\(rsa ?? 2048)") }

    func run() throws {
        // A reader that went away must not take the words with it that say where the keys are.
        signal(SIGPIPE, SIG_IGN)
        let document = try make()
        do throws(Failure) {
            _ = try Output.check(document, asJSON: output.json)
        } catch {
            throw Self.unprinted(document.paths, error)
        }
    }

    /// What was to be published can be had again.
    static func unprinted(_ paths: [String], _ failure: Failure) -> Failure {
        Failure(
            failure.status,
            "\(failure.message). The keys are made all the same: \(paths.joined(separator: ", ")). "
                + "What to publish: relayctl dkim record FILE --domain DOMAIN --selector SELECTOR")
    }

    /// A domain that can have mail and keys.
    static func signingDomain(_ text: String) throws(Failure) -> DomainName {
        let shown = TextStyle.harmless(text)
        let inside = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        if IPAddress(inside) != nil {
            throw Failure(
                .usage,
                "\"\(shown)\" is an address: a signature is by a domain, which has its keys in DNS. Name the one "
                    + "in the From field")
        }
        let name = try Arguments.domainName(text)
        guard name.labels.count > 1 else {
            throw Failure(
                .usage,
                "\"\(shown)\" is a single label, and no verifier takes a signature by one (RFC 6376 §6.1.1). Name "
                    + "the whole domain, as in \(name).example.org")
        }
        return name
    }

    func make() throws(Failure) -> DKIMKeygenDocument {
        let name = try Self.signingDomain(domain)
        guard let rsaKind else { throw Failure(.usage, "--rsa must be 2048, 3072 or 4096") }
        let kinds: [(kind: DKIMPrivateKey.Kind, letter: String)] = [(rsaKind, "r"), (.ed25519, "e")]
            .filter { kind, _ in only == nil || (only == .ed25519) == (kind == .ed25519) }
        let places = try kinds.map { kind, letter throws(Failure) in
            let text =
                selector.map { only == nil ? $0 + letter : $0 }
                ?? Self.datedSelector(.system, isForReports: forReports) + letter
            return try Arguments.keyPlace(name, text)
        }
        let folder = try KeyFile.folder(directory)
        let paths = places.map { "\(folder == "/" ? "" : folder)/\($0.domain).\($0.selector).pem" }
        let keys = try KeyFile.make(Array(zip(kinds.map(\.kind), paths)).map { (kind: $0.0, path: $0.1) })
        let documents = keys.indices.map { index in
            DKIMKeyDocument(keys[index], at: places[index], file: paths[index], isForReports: forReports)
        }
        return DKIMKeygenDocument(documents)
    }

    /// `s20261121`, or `tlsrpt20261121`: keys for mail and for reports may be made on one day.
    static func datedSelector(_ time: WallTime, isForReports: Bool) -> String {
        (isForReports ? "tlsrpt" : "s") + ReportDay(of: time).description.filter { $0 != "-" }
    }
}
