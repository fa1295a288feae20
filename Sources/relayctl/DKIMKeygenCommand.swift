import ArgumentParser
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
            over. Without --selector the selectors are s, the date in UTC, and r or e for the kind of key; r and e are \
            added to a --selector, too, unless --only is given.

            With --json: {"keys": [{"domain", "selector", "key_type", "bits", "use", "not_before", "file", "name", "record", \
            "zone_file": [], "published", "why"}], "configuration"}.

            Exit codes: 0 made; 64 a file is there already or cannot be written.

            Example: sudo -u waxwing relayctl dkim keygen example.org --directory /etc/waxwing/dkim
            """)

    enum Only: String, ExpressibleByArgument, CaseIterable { case rsa, ed25519 }

    @Argument(help: ArgumentHelp("The domain that signs, in ASCII or as U-labels.", valueName: "domain"))
    var domain: String

    @Option(help: ArgumentHelp("The name of the key.", valueName: "name"))
    var selector: String?

    @Option(help: ArgumentHelp("Where the files go.", valueName: "folder"))
    var directory = "."

    @Option(help: ArgumentHelp("Bits of the RSA key: 2048, 3072 or 4096.", valueName: "bits"))
    var rsa = 2048

    @Option(help: "Make this kind of key alone.")
    var only: Only?

    @Flag(help: "Keys for our own TLS-RPT reports alone.")
    var forReports = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if selector?.isEmpty == true { throw ValidationError("--selector is empty") }
        if rsaKind == nil { throw ValidationError("--rsa must be 2048, 3072 or 4096") }
    }

    private var rsaKind: DKIMPrivateKey.Kind? { DKIMPrivateKey.Kind(rawValue: "rsa-\(rsa)") }

    func run() throws {
        throw try Output.check(try make(), asJSON: output.json)
    }

    func make() throws(Failure) -> DKIMKeygenDocument {
        let name = try Arguments.domainName(domain)
        guard let rsaKind else { throw Failure(.usage, "--rsa must be 2048, 3072 or 4096") }
        let kinds: [(kind: DKIMPrivateKey.Kind, letter: String)] = [(rsaKind, "r"), (.ed25519, "e")]
            .filter { kind, _ in only == nil || (only == .ed25519) == (kind == .ed25519) }
        let places = try kinds.map { kind, letter throws(Failure) in
            let text = selector.map { only == nil ? $0 + letter : $0 } ?? Self.datedSelector(.system) + letter
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

    /// `s20261121`
    static func datedSelector(_ time: WallTime) -> String {
        "s" + ReportDay(of: time).description.filter { $0 != "-" }
    }
}
