import Mail
public import Net

/// What came of trying settings.
public enum OptionCheck: Hashable, Sendable {
    case good
    /// This option is refused, or ends the process that uses it, in words.
    case badOption(UnboundOption, String)
    /// Something else in the settings is (anchors, hints, forwarders, options that are bad only together).
    case badSettings(String)
    /// No worker could be started at all.
    case notTried(String)
}

extension Resolver {
    /// How long the trial lookup may take: only that it does not end the process counts.
    public static let trialTimeout: Duration = .seconds(2)

    /// Tries `settings` in throw-away workers with a real lookup each, for `relayd --check`: libunbound accepts values with
    /// which its next lookup crashes. Where all together are bad, each raw option is tried alone to name the bad one.
    public static func check(
        _ settings: ResolverSettings, program: String, arguments: [String], on loop: Loop
    ) async -> OptionCheck {
        guard let fault = await trial(settings, program, arguments, loop) else { return .good }
        var plain = settings
        plain.options = []
        if let other = await trial(plain, program, arguments, loop) {
            if case .system = other { return .notTried(other.description) }
            return .badSettings(other.description)
        }
        for option in settings.options {
            plain.options = [option]
            if let reason = await trial(plain, program, arguments, loop) {
                return .badOption(option, reason.description)
            }
        }
        return .badSettings(fault.description)
    }

    /// Nil where a worker with these settings starts and lives through a lookup.
    private static func trial(
        _ settings: ResolverSettings, _ program: String, _ arguments: [String], _ loop: Loop
    ) async -> ResolverError? {
        var settings = settings
        settings.lookupTimeout = trialTimeout
        do throws(ResolverError) {
            let resolver = try await start(program: program, arguments: arguments, settings: settings, on: loop)
            // Its own answer needs the network and does not count; the life of the worker does.
            _ = await resolver.find(Asked(root: .dnskey))
            let deaths = resolver.counters.workerDeaths
            let state = resolver.state
            await resolver.close()
            switch state {
            case .restarting(let reason, _), .failedAtStart(let reason):
                return .workerDied("a lookup ends the resolver: \(reason)")
            case .running, .starting, .closed:
                // On a machine that is very busy a lookup's time can be over before its worker has been given it: no fault of
                // the settings.
                return deaths == 0 ? nil : .workerDied("a lookup ends the resolver, which has started again")
            }
        } catch {
            return error
        }
    }
}
