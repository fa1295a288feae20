import ArgumentParser
import Mail
import Relay
import TLS

struct DKIMRecordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Prints the DNS records of keys, and says whether those of the configuration are published.",
        discussion: """
            With files: the record of each private key, as it belongs into DNS; nobody is asked. Without: all keys of the \
            configuration, or of the --domain, and whether each is published as it should be, which is looked up here; those \
            that are not stand first. The key files must be readable: run it as the user of relayd.

            With --json: {"keys": [{"domain", "selector", "key_type", "bits", "use", "not_before", "file", "name", "record", \
            "zone_file": [], "published", "why"}]}; published is null where it is not known.

            Exit codes: 0 every key is published as it should be, or was printed; 1 not so, or there is no key; --wrong changes \
            nothing in that.

            Example: sudo -u waxwing relayctl dkim record
            """)

    @Argument(help: ArgumentHelp("Private keys in PEM form.", valueName: "file"))
    var files: [String] = []

    @Option(
        help: ArgumentHelp("The domain of the keys in the files; without files, its keys alone.", valueName: "name"))
    var domain: String?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("The selector of a key; as often as there are files, in their order.", valueName: "name"))
    var selector: [String] = []

    @Flag(help: "Show only the keys of the configuration that are not published as they should be.")
    var wrong = false

    @OptionGroup var options: LocalOptions

    func validate() throws {
        if files.isEmpty {
            if !selector.isEmpty { throw ValidationError("--selector belongs to files, and none is named") }
        } else {
            if wrong { throw ValidationError("--wrong is for the keys of the configuration: name no files") }
            if options.config != nil { throw ValidationError("files and --config exclude each other") }
            if domain == nil, !selector.isEmpty { throw ValidationError("--selector needs --domain") }
            if domain != nil, selector.count != files.count {
                throw ValidationError("with --domain there must be one --selector for each file")
            }
        }
    }

    func run() async throws {
        let document = try files.isEmpty ? await ofConfiguration() : ofFiles()
        throw try Output.check(document, asJSON: options.json)
    }

    private func ofFiles() throws(Failure) -> DKIMRecordDocument {
        let name = try domain.map(Arguments.domainName)
        var documents: [DKIMKeyDocument] = []
        for (index, file) in files.enumerated() {
            var place: (domain: DomainName, selector: DomainName)?
            if let name, index < selector.count { place = try Arguments.keyPlace(name, selector[index]) }
            documents.append(DKIMKeyDocument(try DKIMPrivateKey.named(file), at: place, file: file))
        }
        return DKIMRecordDocument(documents)
    }

    private func ofConfiguration() async throws(Failure) -> DKIMRecordDocument {
        let name = try domain.map(Arguments.domainName)
        let chosen = try options.configuration()
        try chosen.requireFile(or: "name the files of keys")
        let inventory: KeyInventory
        do throws(ConfigurationError) { inventory = try KeyInventory(loading: chosen.value, domain: name) } catch {
            throw Failure(.badConfiguration, "the keys cannot be used:\n\(error)")
        }
        if !inventory.names.isEmpty { Output.error("relayctl: resolved here, by \(chosen.words)") }
        do throws(Failure) {
            let found = try await LocalKeyLookup.find(inventory.names, by: chosen)
            return inventory.document(isOfFaultsAlone: wrong) { found[$0] ?? .failed("it was not looked up") }
        } catch {
            // The records can be shown all the same.
            return inventory.document(isOfFaultsAlone: wrong) { _ in .failed(error.message) }
        }
    }
}
