import ArgumentParser
import Relay

struct TLSRPTReadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read",
        abstract: "Adds up the reports that others sent about your domains, and says what failed.",
        discussion: """
            A file is a report in JSON, plain or packed by gzip, or a mail with reports in it; what it is shows in how it \
            begins, not in its name. Of a Maildir (with new and cur in it) the mails in new and cur are read, of any other folder \
            its files; folders in them are not, such as the .Reports of a Maildir: name each. A report that is there twice \
            counts once.

            Sessions are added up as the reports count them: one that was held against DANE and MTA-STS counts under each.

            With --json: {"reports", "begin_at", "end_at", "successful_sessions", "failed_sessions", "policies": [{"reporter", \
            "contact", "policy_type", "policy_domain", "reports", "successful_sessions", "failed_sessions", "failures": \
            [{"result_type", "reason_code", "receiving_host", "sessions"}]}], "advice": [{"result_type", "reason_code", \
            "sessions", "meaning", "remedy"}], "faulty": [{"file", "report_id", "faults"}], "duplicates": [{"file", \
            "report_id", "same_as"}], "notes": [], "unreadable": [{"file", "why"}]}; times are seconds since the epoch, and \
            what is not known is null.

            Exit codes: 0 all were read; 1 a file could not be, or there was no report.

            Example: relayctl tlsrpt read ~/Maildir/.tlsrpt
            """)

    @Argument(help: ArgumentHelp("Files and folders; - is standard input.", valueName: "file"))
    var files: [String]

    @OptionGroup var output: OutputOptions

    func run() throws {
        var tally = ReceivedReportTally()
        for file in files { ReportFile.add(file, to: &tally) }
        throw try Output.check(tally.result, asJSON: output.json)
    }
}
