import Glibc
import Logging

/// How many files and sockets this process may have open, and how many connections that is good for.
///
/// Connections must not use up what the store and the resolver need: a queue that cannot open its files can neither deliver nor
/// write down what was delivered. So where the limit is too small, the limits of connections are lowered to fit, and the operator
/// is told.
struct Descriptors: Hashable, Sendable {
    /// RLIMIT_NOFILE: the soft limit as it is now.
    let limit: Int

    /// What is kept for all but connections. Ours: the database with its log and readers, event loops, the resolver's socket, the
    /// control socket and its clients, libraries that read files now and then; an idle daemon has some 30.
    static let reserve = 256
    /// A connection of a client, and the file its message is written to; a connection to a host, and the file it is read from.
    static let perConnection = 2
    /// A connection to a policy host and a second one while addresses are tried.
    static let perFetch = 2
    /// However small the limit is: both ways go on.
    static let leastConnections = 4

    /// Raises the soft limit of this process to the hard one: what the administrator allows is meant for us.
    static func raised() -> Descriptors {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var bound = rlimit()
        guard getrlimit(resource, &bound) == 0 else { return Descriptors(limit: Int.max) }
        if bound.rlim_cur < bound.rlim_max {
            var most = rlimit(rlim_cur: bound.rlim_max, rlim_max: bound.rlim_max)
            if setrlimit(resource, &most) == 0 { bound = most }
        }
        return Descriptors(limit: Int(clamping: bound.rlim_cur))
    }

    /// What `configuration` may need at once.
    static func needed(_ configuration: Configuration) -> Int {
        let connections = configuration.intake.connectionLimit + configuration.delivery.connectionLimit
        return reserve + connections * perConnection + configuration.sts.fetches * perFetch
    }

    /// `configuration` with limits of connections that fit, both lowered by the same part. The same where all fits.
    func fitting(_ configuration: Configuration) -> Configuration {
        let needed = Self.needed(configuration)
        guard needed > limit else { return configuration }
        let fixed = Self.reserve + configuration.sts.fetches * Self.perFetch
        let asked = needed - fixed
        let left = max(0, limit - fixed)
        func lowered(_ connections: Int) -> Int {
            max(Self.leastConnections, Int((Double(connections) * Double(left) / Double(asked)).rounded(.down)))
        }
        var fitting = configuration
        fitting.intake.connectionLimit = lowered(configuration.intake.connectionLimit)
        fitting.delivery.connectionLimit = lowered(configuration.delivery.connectionLimit)
        return fitting
    }

    /// The same, and a line in the log where it is not the same.
    func fitting(_ configuration: Configuration, log: Logger) -> Configuration {
        let fitting = fitting(configuration)
        if fitting != configuration {
            log.event(
                .warning,
                LogLine("descriptors-short").with("limit", limit).with("needed", Self.needed(configuration))
                    .with("intake_connections", fitting.intake.connectionLimit)
                    .with("delivery_connections", fitting.delivery.connectionLimit)
                    .with(
                        "cure",
                        "raise LimitNOFILE= of the unit, or lower intake.connection_limit and delivery.connection_limit"
                    ))
        }
        return fitting
    }
}
