import ArgumentParser
import FoundationEssentials
import Net

/// Where mail begins: sessions that a relay is kept busy with.
struct SourceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "source", abstract: "Sends mail as fast as it is taken, and reports how fast that was.",
        discussion:
            "With --idle a line \"idle N NANOSECONDS\" says when those connections stand. Ends with one line of JSON.")

    @Option(help: "The address and port of the relay.")
    var to: String
    @Option(help: "Sessions that are kept busy.")
    var sessions = 1
    @Option(help: "Messages in all; with none, the idle connections stay until a signal.")
    var messages = 1000
    @Option(help: "Octets of each content.")
    var size = 2048
    @Option(help: "A file with a recipient's domain on each line.")
    var domains: String?
    @Option(help: "A recipient's domain; %d in it, or %02d, is a number from 1 to the count.")
    var domain = "d%d.bench"
    @Option(help: "Domains that the pattern stands for.")
    var domainCount = 1
    @Option(help: "The sender's address.")
    var sender = "bench@source.bench"
    @Flag(help: "One command at a time, whatever the relay offers.")
    var noPipelining = false
    @Flag(help: "A connection for each message.")
    var reconnect = false
    @Option(help: "Further connections that say EHLO and nothing more.")
    var idle = 0
    @Flag(help: "STARTTLS in all connections; certificates are not verified.")
    var tls = false
    @Flag(help: "Resumes the TLS session of the connection before.")
    var resume = false
    @Option(help: "Messages a second, however fast they are taken.")
    var rate: Double?
    @Option(help: "Seconds without any reply after which the run is given up.")
    var timeout = 60

    func validate() throws {
        guard (1...100_000).contains(sessions) else { throw ValidationError("--sessions is 1 to 100000.") }
        guard (0...4_000_000_000).contains(messages) else { throw ValidationError("--messages is 0 to 4000000000.") }
        guard (1...100_000_000).contains(size) else { throw ValidationError("--size is up to 100000000.") }
        guard (1...1_000_000).contains(domainCount) else { throw ValidationError("--domain-count is 1 to 1000000.") }
        guard (0...1_000_000).contains(idle) else { throw ValidationError("--idle is 0 to 1000000.") }
        guard (1...100_000).contains(timeout) else { throw ValidationError("--timeout is 1 to 100000.") }
        if let rate, !(0.001...10_000_000).contains(rate) { throw ValidationError("--rate is 0.001 to 10000000.") }
        if messages == 0 && idle == 0 { throw ValidationError("Nothing to do: neither --messages nor --idle.") }
    }

    func run() throws {
        guard let address = SocketAddress(to) else { throw ValidationError("\(to) is no address with a port.") }
        let content: SourceContent
        do throws(SourceContent.TooSmall) {
            content = try SourceContent(size: size, sender: sender)
        } catch {
            throw ValidationError("--size is at least \(error.least).")
        }
        let envelopes = SourceEnvelopes(sender: sender, domains: try recipientDomains(), size: size)
        var settings = SourceSettings(address: address, content: content, envelopes: envelopes)
        settings.sessions = sessions
        settings.messages = messages
        settings.idle = idle
        settings.rate = rate
        settings.isPipeliningWanted = !noPipelining
        settings.reconnects = reconnect
        settings.resumes = resume
        settings.patience = UInt64(timeout) * 1_000_000_000
        // A sink tells runs apart, and so counts no message of the second as a repetition.
        settings.firstSequence = UInt64(UInt32.random(in: 0...UInt32.max >> 1)) << 32
        if tls { settings.context = try TLSContext.client() }

        Sockets.raiseDescriptorLimit()
        let signals = try EndProcess.catchSignals()
        var loop = SourceLoop(settings, try Poller())
        let isComplete = try loop.run(until: signals)
        StandardOutput.write(loop.tally.report)
        EndProcess.end(isComplete ? 0 : 1)
    }

    private func recipientDomains() throws -> [String] {
        guard let domains else {
            guard let names = SourceEnvelopes.domains(pattern: domain, count: domainCount) else {
                throw ValidationError("--domain has no %d for --domain-count to fill.")
            }
            return names
        }
        guard let octets = FileManager.default.contents(atPath: domains) else {
            throw ValidationError("\(domains) cannot be read.")
        }
        let names = String(decoding: octets, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
        guard !names.isEmpty else { throw ValidationError("\(domains) has no domain.") }
        return names
    }
}
