import ArgumentParser
import DNS
import Mail
import Relay
import TLS

struct DKIMCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dkim",
        abstract: "Makes keys for DKIM, shows their DNS records, and signs and verifies messages.",
        subcommands: [DKIMKeygenCommand.self, DKIMRecordCommand.self, DKIMSignCommand.self, DKIMVerifyCommand.self])
}

/// What commands take that decide here, by the configuration.
struct LocalOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The configuration (default: \(Configuration.defaultPath)).", valueName: "file"))
    var config: String?

    @Flag(help: "Print one JSON value and nothing else.")
    var json = false

    func configuration() throws(Failure) -> ChosenConfiguration {
        try ChosenConfiguration(named: config)
    }
}

extension Arguments {
    /// Domain and selector of a key, which must make a name together.
    static func keyPlace(
        _ domain: DomainName, _ selector: String
    ) throws(Failure) -> (domain: DomainName, selector: DomainName) {
        if let label = selector.split(separator: ".").first(where: { $0.utf8.count > DomainName.labelLimit }) {
            throw Failure(
                .usage,
                "\"\(TextStyle.harmless(selector))\" is no selector: \"\(TextStyle.harmless(String(label)))\" has "
                    + "\(label.utf8.count) octets, and what stands between dots has at most \(DomainName.labelLimit)")
        }
        guard let name = try? DomainName(selector), name.isHostName else {
            throw Failure(
                .usage, "\"\(TextStyle.harmless(selector))\" is no selector: letters, digits, hyphens and dots are one")
        }
        do throws(DKIMFault) {
            let terms = try DKIMTerms(
                signingDomain: domain, selector: name, algorithm: .rsaSHA256, time: WallTime(seconds: 0))
            return (terms.signingDomain, terms.selector)
        } catch {
            throw Failure(.usage, error.words)
        }
    }
}

extension DKIMPrivateKey {
    /// The key in a file that a person named.
    static func named(_ path: String) throws(Failure) -> DKIMPrivateKey {
        do throws(TLSError) { return try load(file: path) } catch {
            throw Failure(.usage, error.text)
        }
    }
}

extension LocalKeyLookup {
    static func find(
        _ names: [DomainName], by chosen: ChosenConfiguration
    ) async throws(Failure) -> [DomainName: DKIMKeyLookup] {
        do throws(ServiceError) {
            return try await find(
                names, configuration: chosen.value, workerArguments: ResolverCommand.arguments)
        } catch {
            throw Failure(.unexpected, error.description)
        }
    }
}
