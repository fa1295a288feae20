/// What came of an attempt to fetch a policy anew: for the operator who asked for it.
public enum STSRefreshOutcome: Hashable, Sendable {
    /// A policy was fetched and is good.
    case fetched(STSCacheEntry.Held)
    /// None came of the fetch; `keeps` is the policy that stays in force (STS-17).
    case failed(STSFetchFault, keeps: STSCacheEntry.Held?)
    /// Our own lack was in the way, so that it says nothing about the domain; the words say what.
    case prevented(String, keeps: STSCacheEntry.Held?)
    /// No policy is in force, and TXT names none; the words say what the lookup gave.
    case nothingToFetch(String)
    /// It was not due.
    case unchanged(keeps: STSCacheEntry.Held?)
    /// Whoever asked did not wait for its end, or the daemon stops.
    case unfinished(keeps: STSCacheEntry.Held?)
    /// `sts.enabled` is false.
    case off

    /// The policy in force now.
    public var held: STSCacheEntry.Held? {
        switch self {
        case .fetched(let held): held
        case .failed(_, let keeps), .prevented(_, let keeps), .unchanged(let keeps), .unfinished(let keeps): keeps
        case .nothingToFetch, .off: nil
        }
    }

    /// Why nothing was fetched, safe for a log; nil where something was.
    public var obstacle: String? {
        switch self {
        case .fetched: nil
        case .failed(let fault, _): fault.words
        case .prevented(let words, _): "Waxwing could not fetch it: \(words)"
        case .nothingToFetch(let words): words
        case .unchanged: "no refresh was due"
        case .unfinished: "the fetch is not over yet"
        case .off: "MTA-STS is switched off (sts.enabled)"
        }
    }
}

extension STSEvent {
    /// The same of a fetch; nil for what is no end of one.
    public var refreshOutcome: STSRefreshOutcome? {
        switch self {
        case .fetched(let held), .refreshed(let held): .fetched(held)
        case .fetchFailed(_, let fault, let keeps): .failed(fault, keeps: keeps)
        case .ranOut, .recordMissing, .recordBack: nil
        }
    }
}

extension STSRecordFacts {
    /// Why TXT names no policy, in words; nil where it does or was not asked.
    public var absence: String? {
        switch self {
        case .absent(let words): words
        case .failed(let words): "the TXT lookup failed: \(words)"
        case .found, .notQueried: nil
        }
    }
}
