import Mail

// Keys that wait for their `not_before` (DKIM-23).
extension Configuration.DKIM {
    /// When the first of `keys` begins, where all of them are still to come; nil where one has begun, or there is none.
    static func firstBeginning(of keys: [Configuration.WrittenKey], after now: WallTime) -> WallTime? {
        let beginnings = keys.compactMap { key in key.notBefore.flatMap { $0 > now ? $0 : nil } }
        return beginnings.count == keys.count ? beginnings.min() : nil
    }

    /// Domains whose mail goes unsigned until the first of their keys begins: a sentence each.
    func beginningWarnings(at now: WallTime) -> [String] {
        let mail = keys.filter { $0.use == .mail }
        let above = Set(
            mail.filter { $0.subdomains && ($0.notBefore.map { $0 <= now } ?? true) }.compactMap(\.domain))
        let byDomain = Dictionary(grouping: mail, by: \.domain)
        return byDomain.compactMap { domain, keys -> (domain: String, warning: String)? in
            // The key of a domain above signs meanwhile, where there is one.
            guard let domain, let first = Self.firstBeginning(of: keys, after: now),
                above.isDisjoint(with: domain.namesAbove)
            else { return nil }
            return (
                domain.text,
                "no key of \(domain) has begun; the first begins \(first.rfc3339): mail goes unsigned until then."
            )
        }.sorted { $0.domain < $1.domain }.map(\.warning)
    }
}

extension DomainName {
    /// `b.example` and `example` of `a.b.example`.
    fileprivate var namesAbove: [DomainName] {
        labels.indices.dropFirst().compactMap { try? DomainName(labels[$0...].joined(separator: ".")) }
    }
}
