import DNS
import Glibc
import Logging
import Mail
import Net
import Store
import Synchronization
import Testing

@testable import Relay

/// A whole service that a test starts, with a store of its own and a resolver's worker that does as it is told.
struct ServiceWorld: Sendable {
    /// The worker of the DNS tests, which lies beside the test program.
    static let worker: String = {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let own = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            + "/resolver-worker-fixture"
    }()

    /// On a busy machine a question may take seconds to be put at all.
    static let diskPatience: Duration = .seconds(300)

    let folder: PolicyFolder
    let log = EventLog()
    var configuration = Configuration()

    init() throws {
        folder = try PolicyFolder()
        configuration.store.directory = folder.path
        configuration.server.hostname = try DomainName("relay.example")
        configuration.dns.rootTrustAnchor = ""
        configuration.metrics.listen = nil
    }

    /// - Parameter mode: what the worker does wrong, in the fixture's words.
    func parts(_ mode: String) async throws -> ServiceParts {
        var parts = try await ServiceParts.make(
            configuration, program: Self.worker, workerArguments: [mode], log: log.logger)
        parts.diskPatience = Self.diskPatience
        return parts
    }

    func end(_ service: Service) async {
        await service.close()
        service.loops.shutdown()
    }
}

/// The lines that were logged.
final class EventLog: Sendable {
    private let lines = Mutex<[String]>([])

    var logger: Logger { Logger(label: "test", factory: { _ in Recorder(log: self) }) }

    /// Names of all events so far.
    var events: [String] {
        lines.withLock { $0.map { String($0.dropFirst("event=".count).prefix { $0 != " " }) } }
    }

    /// The lines of one event, oldest first.
    func lines(of event: String) -> [String] { lines.withLock { $0.filter { $0.hasPrefix("event=\(event) ") } } }

    private struct Recorder: LogHandler {
        let log: EventLog
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .debug
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) { log.lines.withLock { $0.append("\(event.message)") } }
    }
}
