/// What a reader may take from an ``Answer``, with the rule of SEC-05 in one place: bogus and failed are no answers,
/// whatever records came along.
extension Answer {
    /// Why nothing is known, in words; nil where the answer counts.
    public var failure: String? {
        switch (security, result) {
        case (.bogus, .failed(let words)): words.isEmpty ? "DNSSEC validation failed" : words
        case (.bogus, _): "DNSSEC validation failed"
        case (_, .failed(let words)): words.isEmpty ? "no answer" : words
        case (.failed, _): "no answer"
        case (.secure, _), (.insecure, _): nil
        }
    }

    /// `bogus` or `failed` where nothing is known, never one of the other two.
    public var failureKind: Security { security == .bogus ? .bogus : .failed }

    /// The RDATA of an answer that counts; empty for any other.
    public var records: [[UInt8]] {
        if failure == nil, case .records(let records) = result { records } else { [] }
    }

    /// True where an alias led to the answer.
    public var isAliased: Bool { canonicalName != question.name }
}
