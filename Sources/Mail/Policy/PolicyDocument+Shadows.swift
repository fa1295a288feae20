extension PolicyDocument {
    /// An operator's exception in force.
    public struct ExceptionRow: Hashable, Sendable, Codable {
        /// `encrypted` or `opportunistic`
        public var allow: String
        public var since: Int64
        public var until: Int64
        /// The operator's own words.
        public var reason: String
        public var untilFixed: Bool

        enum CodingKeys: String, CodingKey {
            case allow, since, until, reason
            case untilFixed = "until_fixed"
        }
    }

    /// What is evaluated for a host beside what is in force.
    public struct Shadow: Hashable, Sendable, Codable {
        /// `without-exception` or `with-observed-rules`
        public var kind: String
        /// `null` where the host would get no mail.
        public var level: String?
        public var by: String?
        /// Why the host would get no mail; `null` where it would, if it shows what it must.
        public var skipped: Skipped?
        /// One sentence.
        public var reason: String
        /// The rules in mode `observe` that it is about; `null` for `without-exception`.
        public var rule: String?
    }
}

extension PolicyDocument.ExceptionRow {
    init(_ exception: PolicyException) {
        self.init(
            allow: exception.allow.rawValue, since: exception.since.seconds, until: exception.until.seconds,
            reason: exception.reason, untilFixed: exception.isUntilFixed)
    }
}

extension PolicyDocument.Shadow {
    init(_ shadow: PolicyShadow, rule: String?) {
        let requirement = shadow.decision.requirement
        let skipped: PolicyDocument.Skipped? =
            if case .skip(let reason, _) = shadow.decision {
                PolicyDocument.Skipped(cause: reason.cause.rawValue, detail: reason.detail)
            } else { nil }
        self.init(
            kind: shadow.kind.rawValue, level: requirement?.level.rawValue, by: requirement?.by?.rawValue,
            skipped: skipped, reason: shadow.decision.inWords,
            rule: shadow.kind == .withObservedRules ? rule : nil)
    }

    enum CodingKeys: CodingKey { case kind, level, by, skipped, reason, rule }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(kind, forKey: .kind)
        try object.encode(level, forKey: .level)
        try object.encode(by, forKey: .by)
        try object.encode(skipped, forKey: .skipped)
        try object.encode(reason, forKey: .reason)
        try object.encode(rule, forKey: .rule)
    }
}
