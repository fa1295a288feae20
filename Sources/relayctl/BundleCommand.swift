import ArgumentParser
import Glibc
import Mail
import Relay

/// One file for a ticket about a message.
struct BundleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle",
        abstract: "Writes one file for a ticket: explanation, DNS answers, certificates and log lines, masked.",
        discussion: """
            Nothing of the content is in it; local parts of addresses, logins and clients are masked. Log lines come from \
            the files of --log, else from the journal of the unit waxwing where there is one: the daemon keeps no log of \
            its own. Read the file before you send it.

            Exit codes: 0 the file is written; 1 no such message is known.

            Example: relayctl bundle 0123456789bcdfghjklm --log /var/log/waxwing.log
            """)

    @Argument(help: ArgumentHelp("The queue id, as in the log and in our final 250.", valueName: "queue-id"))
    var id: String

    @Option(
        help: ArgumentHelp("Write here (default: waxwing-QUEUE-ID.txt; - is standard output).", valueName: "file"))
    var output: String?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Take log lines from here; may be given again; - is standard input.", valueName: "file"))
    var log: [String] = []

    @Flag(help: "Write over a file that is there.")
    var force = false

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if QueueID(id) == nil { throw ValidationError("\(TextStyle.harmless(id)) is no queue id") }
        if log.count(where: { $0 == "-" }) > 1 { throw ValidationError("standard input can be read once") }
    }

    func run() async throws {
        let answer = try await daemon.client().bundle(id)
        guard let match = answer.explanation.page.matches.first else {
            throw Failure(.nothing, TraceText.nothing(id, since: answer.explanation.page.since))
        }
        let (source, lines) = try LogSearch.lines(of: id, in: log, since: match.message.receivedAt)
        let text = BundleText.render(answer, log: source, lines, now: WallTime(seconds: Int64(time(nil))))
        if output == "-" { return try Output.value(text) }
        let path = output ?? "waxwing-\(id).txt"
        try write(text, to: path)
        Output.error("relayctl: \(path) is written. Read it before you send it.")
    }

    /// For its owner alone, whatever the umask.
    private func write(_ text: String, to path: String) throws(Failure) {
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (force ? O_TRUNC : O_EXCL)
        let descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else {
            let why =
                errno == EEXIST ? "it is there already: remove it, or use --force" : String(cString: strerror(errno))
            throw Failure(.usage, "\(path) cannot be written: \(why)")
        }
        defer { close(descriptor) }
        _ = fchmod(descriptor, 0o600)
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw Failure(.usage, "\(path) cannot be written: \(String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(count)
        }
    }
}
