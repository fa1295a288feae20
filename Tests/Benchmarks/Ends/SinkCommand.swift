import ArgumentParser
import Glibc
import Net

/// Where mail ends: an SMTP server as fast as can be, that counts what comes.
struct SinkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sink", abstract: "Receives mail as fast as can be, and reports what came.",
        discussion: """
            Standard input takes lines. "expect N" is answered by "done NANOSECONDS COUNT" once N messages more than \
            earlier expectations asked for have come, each counted once; "report" by one line of JSON; "reset" forgets \
            everything. At the end of standard input, at SIGTERM and SIGINT the report is written once more.
            """)

    @Option(help: "An address and port to listen on; may be repeated.")
    var listen: [String]
    @Option(help: "A PEM file with the certificate: offers STARTTLS.")
    var certificate: String?
    @Option(help: "A PEM file with the certificate's key.")
    var key: String?
    @Flag(help: "Does not offer PIPELINING.")
    var noPipelining = false
    @Flag(help: "Does not offer CHUNKING.")
    var noChunking = false
    @Option(help: "Milliseconds by which each reply is late.")
    var delay = 0
    @Option(help: "Threads.")
    var threads = 1
    @Flag(help: "Stays when standard input ends, until a signal.")
    var stay = false

    func validate() throws {
        guard !listen.isEmpty else { throw ValidationError("--listen is needed.") }
        guard (certificate == nil) == (key == nil) else {
            throw ValidationError("--certificate and --key go together.")
        }
        guard (0...60_000).contains(delay) else { throw ValidationError("--delay is 0 to 60000.") }
        guard (1...256).contains(threads) else { throw ValidationError("--threads is 1 to 256.") }
    }

    func run() throws {
        Sockets.raiseDescriptorLimit()
        let signals = try EndProcess.catchSignals()
        let ledger = SinkLedger()
        var settings = SinkSettings()
        if let certificate, let key {
            settings.context = try TLSContext.server(certificate: certificate, key: key)
        }
        settings.offer = SinkOffer(
            hasPipelining: !noPipelining, hasChunking: !noChunking, hasStartTLS: settings.context != nil)
        settings.delay = UInt64(delay) * 1_000_000
        settings.threads = threads
        for text in listen {
            guard let address = SocketAddress(text) else { throw ValidationError("\(text) is no address with a port.") }
            do throws(Errno) {
                settings.listeners.append(try Sockets.listen(at: address))
            } catch {
                throw ValidationError("\(text): \(error)")
            }
        }
        for _ in 0..<threads {
            let shared = settings
            try EndProcess.start {
                do throws(Errno) {
                    var loop = SinkLoop(shared, ledger, try Poller())
                    try loop.listen()
                    loop.run()
                } catch {
                    StandardError.write("sink: \(error)")
                    EndProcess.end(1)
                }
            }
        }
        SinkControl(ledger: ledger, signals: signals, stays: stay).run()
        StandardOutput.write(ledger.report)
        EndProcess.end(0)
    }
}
