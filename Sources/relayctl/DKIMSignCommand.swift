import ArgumentParser
import Glibc
import Mail
import Relay
import TLS

struct DKIMSignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Signs a message as relayd does, and prints it with the signatures on top.",
        discussion: """
            Nobody is asked. With --key, --domain and --selector by these keys, whatever the From field says; else by the keys \
            of the configuration that would sign the message, as if their records were published. Of a file with LF line \
            ends, which is said on standard error, the signed message has CRLF: sign what you send. At most 64 MiB.

            With --json: {"signatures": [{"domain", "selector", "algorithm", "field"}]}.

            Exit codes: 0 signed; 1 not: the message cannot be signed, is signed already, or no key is for it; 64 there is \
            neither a --key nor a configuration.

            Example: relayctl dkim sign letter.eml --key example.org.s1.pem \\
                --domain example.org --selector s1
            """)

    @Argument(help: ArgumentHelp("The message; - is standard input.", valueName: "file"))
    var file: String

    @Option(
        parsing: .singleValue, help: ArgumentHelp("A private key in PEM form. May be repeated.", valueName: "pem"))
    var key: [String] = []

    @Option(help: ArgumentHelp("The domain that signs.", valueName: "name"))
    var domain: String?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("The selector of a key; as often as --key, in the same order.", valueName: "name"))
    var selector: [String] = []

    @Option(
        help: ArgumentHelp(
            "Sign as of this time: 2026-08-01T12:00:00Z, or seconds since the epoch.", valueName: "time"))
    var time: String?

    @Flag(help: "Print the signatures alone.")
    var headersOnly = false

    @OptionGroup var options: LocalOptions

    func validate() throws {
        if key.isEmpty {
            if domain != nil || !selector.isEmpty { throw ValidationError("--domain and --selector need a --key") }
        } else {
            if options.config != nil { throw ValidationError("--key and --config exclude each other") }
            if domain == nil { throw ValidationError("--key needs --domain") }
            if selector.count != key.count { throw ValidationError("there must be one --selector for each --key") }
        }
    }

    func run() throws {
        let (document, content) = try sign()
        if options.json {
            guard let octets = ControlJSON.encode(document) else {
                throw Failure(.unexpected, "the answer cannot be written as JSON")
            }
            try Output.json(octets)
        } else {
            try Output.message(document.fields + (headersOnly ? [] : content))
        }
    }

    /// The signatures, and the message they are of.
    func sign() throws(Failure) -> (document: DKIMSignDocument, content: [UInt8]) {
        let signedAt = try time.map { text throws(Failure) in try Arguments.time(text, of: "--time") } ?? .system
        let named = try namedKeys()
        let chosen = try named == nil ? options.configuration() : nil
        try chosen?.requireFile(or: "name a --key with its --domain and --selector")
        let message = try MessageFile.read(file)
        message.tell(file)
        let document: DKIMSignDocument
        do throws(OfflineSigningError) {
            var keys = named ?? []
            if let chosen { keys = try OfflineSigning.keys(of: chosen.value, for: message.content, at: signedAt) }
            document = try OfflineSigning.sign(message.content, by: keys, at: signedAt)
        } catch {
            throw Self.failure(error)
        }
        return (document, message.content)
    }

    private static func failure(_ error: OfflineSigningError) -> Failure {
        switch error {
        case .unsigned(let words): Failure(.nothing, words)
        case .terms(let words): Failure(.usage, words)
        case .keys(let faults): Failure(.badConfiguration, "the keys cannot be used:\n\(faults)")
        case .library(let words): Failure(.unexpected, words)
        }
    }

    /// Nil where the configuration is to tell.
    private func namedKeys() throws(Failure) -> [OfflineSigning.Key]? {
        guard !key.isEmpty, let domain else { return nil }
        let name = try Arguments.domainName(domain)
        var keys: [OfflineSigning.Key] = []
        var selectors: Set<DomainName> = []
        for (path, selector) in zip(key, selector) {
            let place = try Arguments.keyPlace(name, selector)
            guard selectors.insert(place.selector).inserted else {
                throw Failure(
                    .usage,
                    "two --key have the selector \(place.selector): a record in DNS holds one key, so that each "
                        + "needs a selector of its own")
            }
            keys.append(
                OfflineSigning.Key(
                    domain: place.domain, selector: place.selector, privateKey: try DKIMPrivateKey.named(path)))
        }
        return keys
    }
}

extension Output {
    /// To a file or another program octet by octet; on a terminal, which a message must not steer, harmless.
    static func message(_ content: [UInt8]) throws(Failure) {
        guard isatty(STDOUT_FILENO) == 1 else { return try octets(content) }
        try value(harmlessLines(content))
    }

    static func harmlessLines(_ content: [UInt8]) -> String {
        content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            return TextStyle.harmless(String(decoding: text, as: UTF8.self))
        }.joined(separator: "\n")
    }
}
