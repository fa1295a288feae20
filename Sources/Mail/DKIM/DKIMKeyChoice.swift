/// A key that the operator gave us, as far as it matters for the choice which of them signs.
public struct DKIMKey: Hashable, Sendable {
    public var domain: DomainName
    public var selector: DomainName
    public var keyType: DKIMKeyType
    /// Not used before; nil for at once.
    public var notBefore: WallTime?
    /// For our own TLS-RPT reports alone (D8).
    public var isForReports: Bool
    /// Signs mail of names below ``domain`` too.
    public var includesSubdomains: Bool

    public init(
        domain: DomainName, selector: DomainName, keyType: DKIMKeyType, notBefore: WallTime? = nil,
        isForReports: Bool = false, includesSubdomains: Bool = false
    ) {
        self.domain = domain
        self.selector = selector
        self.keyType = keyType
        self.notBefore = notBefore
        self.isForReports = isForReports
        self.includesSubdomains = includesSubdomains
    }
}

extension DKIMKey {
    /// Where its record is (RFC 6376 §3.6.2.1).
    public var recordName: String { "\(selector)._domainkey.\(domain)" }
}

/// What becomes of mail whose keys are not published as they should be.
public enum DKIMUnpublished: Hashable, Sendable {
    /// The domain's other keys sign; where none is left, mail waits.
    case otherKey
    /// Mail waits until every key that is due to sign is published.
    case wait
    /// The domain's other keys sign; where none is left, mail goes out unsigned.
    case unsigned
}

/// Which keys sign a message.
public enum DKIMKeyChoice: Hashable, Sendable {
    /// No key is for the author's domain: the message passes untouched.
    case none
    /// These of the keys given, in their order.
    case sign([Int])
    /// Not now, and why.
    case wait(String)
    /// Unsigned, and why.
    case unsigned(String)

    /// The keys that may come into question for mail of `author` at `now`, by kind, those due first: a key takes over from
    /// those of its domain, kind and use that began before it, which stand in for it while it is not published (DKIM-23).
    ///
    /// Keys of the author's own domain go before those of a domain above it, and the nearest of those before the others. For
    /// our own reports that domain's keys for reports go before its others (D8).
    public static func candidates(
        _ keys: [DKIMKey], author: DomainName, isReport: Bool, at now: WallTime
    ) -> [[[Int]]] {
        var usable = keys.indices.filter { index in
            let key = keys[index]
            guard key.notBefore.map({ $0 <= now }) ?? true else { return false }
            return key.domain == author
                || (key.includesSubdomains && author.text.hasSuffix("." + key.domain.text))
        }
        if !isReport { usable.removeAll { keys[$0].isForReports } }
        // The longest name that is the author's or above it.
        guard let nearest = usable.map({ keys[$0].domain.text.utf8.count }).max() else { return [] }
        usable.removeAll { keys[$0].domain.text.utf8.count < nearest }
        // Afterwards: a report is signed as its submitter (RFC 8460 §3), and not as a domain above it that has a key for
        // reports.
        if isReport, usable.contains(where: { keys[$0].isForReports }) {
            usable.removeAll { !keys[$0].isForReports }
        }
        return DKIMKeyType.allCases.compactMap { type in
            let ofType = usable.filter { keys[$0].keyType == type }
            let starts = Set(ofType.map { keys[$0].notBefore?.seconds ?? .min }).sorted(by: >)
            let generations = starts.map { start in
                ofType.filter { (keys[$0].notBefore?.seconds ?? .min) == start }
            }
            return generations.isEmpty ? nil : generations
        }
    }

    /// Chooses among ``candidates(_:author:isReport:at:)``. `publication` tells of a key by its index.
    public init(
        _ candidates: [[[Int]]], keys: [DKIMKey], unpublished: DKIMUnpublished, publication: (Int) -> DKIMPublication
    ) {
        guard !candidates.isEmpty else {
            self = .none
            return
        }
        var chosen: [Int] = []
        var obstacles: [String] = []
        var isUncertain = false
        for generations in candidates {
            for generation in generations {
                let published = generation.filter { index in
                    let known = publication(index)
                    guard let obstacle = known.obstacle else { return true }
                    if case .unknown = known { isUncertain = true }
                    obstacles.append("\(keys[index].recordName) \(obstacle)")
                    return false
                }
                chosen += published
                if !published.isEmpty || unpublished == .wait { break }
            }
        }
        let why = obstacles.joined(separator: "; ")
        switch unpublished {
        case .wait where !obstacles.isEmpty: self = .wait(why)
        case _ where !chosen.isEmpty: self = .sign(chosen.sorted())
        // A lookup that failed says nothing: mail is not to go unsigned for our own resolver's trouble.
        case .unsigned: self = isUncertain ? .wait(why) : .unsigned(why)
        case .otherKey, .wait: self = .wait(why)
        }
    }
}
