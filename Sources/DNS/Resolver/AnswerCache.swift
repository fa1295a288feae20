import Mail
import Net

/// Findings kept until their time to live ends, so that a warm answer costs no trip to the worker.
///
/// Bounded by number and by octets. What was used least recently goes first, by generation: the cache is two tables, a hit
/// moves its entry to the younger one, and when that is half the bound the older one is dropped.
struct AnswerCache {
    /// Findings kept.
    static let defaultEntryLimit = 16_384
    /// Octets of RDATA and names kept, about.
    static let defaultOctetLimit = 16 << 20
    /// Seconds a finding is kept at most, whatever its zone says (RFC 2181 §8 allows 68 years).
    static let timeToLiveLimit: UInt32 = 86_400
    /// Seconds for what failed or is bogus: it may be put right any moment (RFC 9520 §3.2 demands at least one).
    static let failureLimit: UInt32 = 5

    private struct Entry {
        let finding: Finding
        let end: Deadline
        let octets: Int
    }

    private let entryLimit: Int
    private let octetLimit: Int
    private var young: [Asked: Entry] = [:]
    private var old: [Asked: Entry] = [:]
    private var youngOctets = 0

    init(entryLimit: Int = defaultEntryLimit, octetLimit: Int = defaultOctetLimit) {
        self.entryLimit = max(2, entryLimit)
        self.octetLimit = max(2, octetLimit)
    }

    var count: Int { young.count + old.count { young[$0.key] == nil } }

    /// The finding, its time to live shortened by the time it lay here; nil where there is none or it is over.
    mutating func finding(for asked: Asked, at now: Deadline) -> Finding? {
        let entry: Entry
        if let found = young[asked] {
            entry = found
        } else if let found = old.removeValue(forKey: asked) {
            entry = found
            if now < found.end { keep(found, for: asked) }
        } else {
            return nil
        }
        guard now < entry.end else {
            if young.removeValue(forKey: asked) != nil { youngOctets -= entry.octets }
            return nil
        }
        var finding = entry.finding
        // Rounded down: it may say zero in its last second, and is then not kept by anybody.
        let left = (entry.end.nanoseconds &- now.nanoseconds) / 1_000_000_000
        finding.timeToLive = UInt32(clamping: left)
        return finding
    }

    mutating func insert(_ finding: Finding, for asked: Asked, at now: Deadline) {
        let limit = finding.security == .failed || finding.security == .bogus ? Self.failureLimit : Self.timeToLiveLimit
        let seconds = min(finding.timeToLive, limit)
        guard seconds > 0 else { return }
        let entry = Entry(finding: finding, end: now.advanced(by: .seconds(Int(seconds))), octets: finding.octets)
        old.removeValue(forKey: asked)
        if let former = young.removeValue(forKey: asked) { youngOctets -= former.octets }
        keep(entry, for: asked)
    }

    mutating func clear() {
        young = [:]
        old = [:]
        youngOctets = 0
    }

    private mutating func keep(_ entry: Entry, for asked: Asked) {
        if young.count >= entryLimit / 2 || youngOctets + entry.octets > octetLimit / 2 {
            old = young
            young = [:]
            youngOctets = 0
        }
        // One finding larger than half the cache would only push out all others.
        guard entry.octets <= octetLimit / 2 else { return }
        young[asked] = entry
        youngOctets += entry.octets
    }
}

extension Finding {
    /// What it takes to keep, about: RDATA, names, and the tables' own words.
    fileprivate var octets: Int {
        let overhead = 256
        guard case .records(let records) = result else { return overhead }
        return records.reduce(overhead) { $0 + $1.count + 32 }
    }
}
