public import Mail

/// The daemon's door to DNS: questions in, answers with their security out. The library that reads strangers' zones lives
/// in a worker process of its own, which this starts, watches, replaces and never trusts.
///
/// Safe from any task on any loop. Equal questions in flight are one lookup; warm answers come from a bounded cache.
public final class Resolver: Sendable {
    /// Lookups sent to the worker and not answered.
    public static let inFlightLimit = 512
    /// Lookups waiting for a place among those in flight; beyond it they fail at once.
    public static let waitingLimit = 20_000

    /*
    /// Starts the worker `program` with `arguments` (descriptor 3 is its end of the socketpair) and waits until it is ready.
    public static func start(
        program: String, arguments: [String], settings: ResolverSettings, on loop: Loop
    ) async throws(ResolverError) -> Resolver
    */

    /// Answers `question`. Never throws: whatever goes wrong is an ``Answer`` whose security is `failed` or `bogus`
    /// (SEC-05). Takes at most ``ResolverSettings/lookupTimeout``.
    public func resolve(_ question: Question) async -> Answer {
        Answer(question, .failed("not written yet"), .failed)
    }

    public var state: ResolverState { .starting }
    public var counters: ResolverCounters { ResolverCounters() }

    /// Forgets all cached answers of this process (the worker keeps its own).
    public func clearCache() {}

    /// Ends the worker; lookups in flight come back `failed`.
    public func close() async {}

    /// Does this resolver validate? Asks the root's DNSKEY (`secure` nil) or `secure`, which must be secure, and `bogus`,
    /// which must not be answered (nil skips it) (SEC-07).
    public func selfTest(secure: DomainName?, bogus: DomainName?) async -> ValidationStatus { .noNetwork("") }

    init() {}
}

/// What the self-test found, with words for the log and `relayctl status`.
public enum ValidationStatus: Hashable, Sendable, CustomStringConvertible {
    case validates
    /// Answers come, but what must be secure is not, or what must be refused is answered: DANE would be off silently.
    case doesNotValidate(String)
    /// Nothing could be asked: no statement about validation.
    case noNetwork(String)

    public var description: String {
        switch self {
        case .validates: "validates"
        case .doesNotValidate(let why): "does not validate: \(why)"
        case .noNetwork(let why): "cannot tell whether it validates: \(why)"
        }
    }
}
