extension MXFacts {
    /// What an MX answer says (RFC 5321 §5.1, RFC 7505 §3).
    init(reading answer: Answer) {
        let expanded = answer.isAliased ? answer.canonicalName : nil
        if let failure = answer.failure {
            // RFC 7672 §2.1.2: no answer is no "no such domain" (MX-03, MX-05, SEC-05).
            self.init(lookup: .failed(failure), security: answer.failureKind, expandedDomain: expanded)
            return
        }
        self.init(lookup: Self.lookup(answer.result), security: answer.security, expandedDomain: expanded)
    }

    private static func lookup(_ result: Answer.Result) -> Lookup {
        switch result {
        case .noSuchName: return .noSuchDomain
        case .noData: return .implicit
        case .failed(let words): return .failed(words)
        case .records(let rdata):
            let readable = rdata.compactMap(MXRecord.init(rdata:))
            // SEC-05: a set of which nothing can be read is a malformed answer, and that is no answer.
            guard !readable.isEmpty else { return .failed("the MX records are malformed") }
            let named = readable.filter { $0.exchange != .root }
            // RFC 7505 §3: a null MX stands alone. The preference ought to be 0, but "no host" at 10 names no host either.
            guard !named.isEmpty else { return .null }
            // Beside others it is a publisher's error, and ignored (MX-13).
            return .records(bestFirst(named))
        }
    }

    /// Sorted by preference, equals in the resolver's order; a host named twice counts once, at its best; at most
    /// ``RecordLimits/mx``.
    private static func bestFirst(_ records: [MXRecord]) -> [MXRecord] {
        var seen: Set<MXHost> = []
        let sorted = records.enumerated().sorted { left, right in
            (left.element.preference, left.offset) < (right.element.preference, right.offset)
        }.map(\.element)
        let unique = sorted.filter { record in
            if case .host(let host) = record.exchange { seen.insert(host).inserted } else { false }
        }
        return Array(unique.prefix(RecordLimits.mx))
    }
}
