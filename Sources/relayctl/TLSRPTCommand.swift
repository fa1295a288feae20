import ArgumentParser
import Mail
import Relay

struct TLSRPTCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tlsrpt",
        abstract: "Checks TLS-RPT records, reads the reports of others, and shows and sends our own.",
        subcommands: [
            TLSRPTRecordCommand.self, TLSRPTReadCommand.self, TLSRPTPreviewCommand.self, TLSRPTSendCommand.self,
            TLSRPTStatusCommand.self,
        ])
}

struct TLSRPTRecordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Reads the TXT records at _smtp._tls.DOMAIN as a sender does.",
        discussion: """
            Each argument is one TXT record, without quotation marks; several strings of one record are to be joined.

            Exit codes: 0 exactly one valid record; 1 not.

            Example: relayctl tlsrpt record "v=TLSRPTv1; rua=mailto:tls@example.org"
            """)

    @Argument(help: ArgumentHelp("All TXT records at the name.", valueName: "txt"))
    var records: [String]

    @OptionGroup var output: OutputOptions

    func run() throws {
        Arguments.warnOfQuotes(records)
        throw try Output.check(
            TLSRPTRecordDocument(TLSRPTRecord.read(records.map { Array($0.utf8) })), asJSON: output.json)
    }
}
