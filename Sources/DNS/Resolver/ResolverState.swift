import Glibc
import Mail

/// How the worker process fares, for `relayctl status` and the log.
public enum ResolverState: Hashable, Sendable {
    /// Started, and its answer to the settings is awaited.
    case starting
    /// Answers questions. `library` is libunbound's version as the worker reports it.
    case running(pid: Int32, library: String)
    /// It died and starts again after a delay; until then lookups wait or fail.
    case restarting(reason: String, attempts: Int)
    /// It never came up, ``Resolver/startAttemptLimit`` times in a row: a fault of configuration or installation.
    /// Attempts go on at the longest delay.
    case failedAtStart(reason: String)
    case closed
}

/// What the resolver counted since it started.
public struct ResolverCounters: Hashable, Sendable {
    /// Questions put to ``Resolver/resolve(_:)``.
    public var questions = 0
    /// Answered from the cache in this process.
    public var cacheHits = 0
    /// Joined a lookup that was already in flight.
    public var coalesced = 0
    /// Sent to the worker.
    public var lookups = 0
    /// Came back `failed`, for whatever reason.
    public var failed = 0
    /// Came back `bogus`.
    public var bogus = 0
    /// Ran into the lookup deadline.
    public var timedOut = 0
    /// Refused because too many were waiting.
    public var overloaded = 0
    /// Worker processes that had to be replaced.
    public var workerDeaths = 0
    /// Why the last of them had to be.
    public var lastDeath: String?

    // Lookups by their end, each once, however many waited for it.
    /// Records, validated.
    public var secure = 0
    /// Records that nobody vouches for.
    public var insecure = 0
    /// The name or the type does not exist.
    public var absent = 0
    public var bogusLookups = 0
    /// For whatever reason, those included that were never sent.
    public var failedLookups = 0

    public init() {}

    /// One lookup ended.
    mutating func note(_ finding: Finding) {
        switch (finding.security, finding.result) {
        case (.bogus, _): bogusLookups += 1
        case (.failed, _), (_, .failed): failedLookups += 1
        case (_, .noData), (_, .noSuchName): absent += 1
        case (.secure, .records): secure += 1
        case (.insecure, .records): insecure += 1
        }
    }
}

/// Why a resolver did not start.
public enum ResolverError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No process or socket could be made: `errno` and the call's name.
    case system(call: String, errno: Int32)
    /// The worker refused the settings, in its words (the bad option or file first).
    case settingsRefused(String)
    /// The worker died before it said that it was ready, in words.
    case workerDied(String)
    /// The worker did not say that it was ready within ``Resolver/startTimeout``.
    case notReadyInTime

    public var description: String {
        switch self {
        case .system(let call, let errno): "\(call): \(String(cString: strerror(errno)))"
        case .settingsRefused(let reason): "settings refused: \(reason)"
        case .workerDied(let reason): reason
        case .notReadyInTime: "not ready within \(Resolver.startTimeout.components.seconds) s"
        }
    }
}
