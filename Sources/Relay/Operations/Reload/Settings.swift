import Logging
import Mail
import TLS

/// All that follows from one reading of the configuration and of the files it names. Made as a whole or not at all, and never
/// changed: a reload makes another one.
final class Settings: Sendable {
    /// As the operator wrote it, but for what only a restart changes.
    let written: Configuration
    /// The same with as many connections as this process may have descriptors for.
    let configuration: Configuration
    let hostname: DomainName
    /// Of all routes, by the path of their file.
    let credentials: [String: Credentials]
    let trust: TrustStores
    let identities: ClientIdentities
    let entrances: [Entrance]
    /// Who may log in; nil where nobody can.
    let users: Users?
    let keys: KeyRing
    let files: NamedFiles
    let policy: PolicySettings
    let routing: Routing
    let schedule: Schedule
    /// `[[queue.rule]]`
    let queueRules: QueueRules
    /// Changes with ``routing``, and is the same at each start: whether the queue lies as the routes of today say.
    let routeFingerprint: Int64
    /// Nil where reporting is off.
    let reports: ReportSettings?

    /// Reads every file that `written` names; all faults at once, each with its place. Blocks.
    ///
    /// - Parameter old: what holds until now. Then the folders and files are asked for as by `relayd --check`.
    init(
        _ written: Configuration, hostname: DomainName, succeeding old: Settings? = nil, log: Logger
    ) throws(ConfigurationError) {
        // Before they are read: what changes meanwhile is found changed by the next reload.
        files = NamedFiles(of: written)
        let configuration = Descriptors.raised().fitting(written)
        (trust, identities) = (TrustStores(), ClientIdentities())
        let survey = FileSurvey.loading(into: trust, identities)
        var faults = FaultList(old == nil ? written.checkProofs(files: survey) : written.checkFiles(files: survey))
        entrances =
            faults.gather { () throws(ConfigurationError) in
                try Entrance.all(configuration, hostname: hostname)
            } ?? []
        users =
            faults.gather { () throws(ConfigurationError) in
                try Self.users(written, succeeding: old?.users, log)
            } ?? nil
        credentials = faults.gather { () throws(ConfigurationError) in try written.loadCredentials() } ?? [:]
        keys = faults.gather { () throws(ConfigurationError) in try KeyRing(loading: written) } ?? .empty
        guard faults.all.isEmpty else { throw ConfigurationError(faults: faults.all) }
        self.written = written
        self.configuration = configuration
        self.hostname = hostname
        policy = PolicySettings(configuration)
        routing = Routing(rules: policy.rules, port: configuration.delivery.port)
        schedule = Schedule(configuration.retry)
        queueRules = configuration.queueRules
        routeFingerprint = configuration.routeFingerprint
        reports = ReportSettings(configuration)
    }

    private static func users(
        _ configuration: Configuration, succeeding before: Users?, _ log: Logger
    ) throws(ConfigurationError) -> Users? {
        guard let path = configuration.intake.usersFile else { return nil }
        do throws(UsersFileFault) {
            return try Users(path: path, succeeding: before, log: log)
        } catch {
            throw ConfigurationError(faults: [
                configuration.fault(
                    "intake.users_file", "\(error)", "Correct the file, or name another one")
            ])
        }
    }
}

/// Faults of several steps. A key that is told of already is not told of again.
struct FaultList {
    private(set) var all: [ConfigurationFault]

    init(_ first: [ConfigurationFault]) { all = first }

    /// What the step makes; nil where it has faults.
    mutating func gather<Made>(_ step: () throws(ConfigurationError) -> Made) -> Made? {
        do throws(ConfigurationError) {
            return try step()
        } catch {
            add(error.faults)
            return nil
        }
    }

    mutating func add(_ faults: [ConfigurationFault]) {
        for fault in faults where !all.contains(where: { $0.key == fault.key }) { all.append(fault) }
    }
}
