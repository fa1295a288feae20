extension PolicyDocument {
    /// Hosts that one sentence names; of more, their number is said.
    static let namesInSentence = 3

    /// The outcome by what the hosts showed, not by what they must show: for a document whose hosts have their attempts.
    ///
    /// A host counts as authenticated where every address of it that answered proved who it is. One of which no address
    /// answered has failed of nothing, and counts by what it must show, for that is what it will have to show: but where none
    /// of all answered, nothing can be delivered.
    public mutating func judgeByAttempts() {
        let usable = hosts.filter { $0.skipped == nil }
        if outcome == .undeliverable || usable.isEmpty { return }
        guard usable.contains(where: \.isDeliverable) else {
            let failure = failureOfAttempts()
            let detail = failure.reason.detail
            outcome = .undeliverable
            permanent = failure.isPermanent
            because =
                "no host that was tried can be used: " + (detail.hasSuffix(".") ? String(detail.dropLast()) : detail)
            return
        }
        let silent = usable.filter { !$0.hasAnswered }
        let clear = usable.filter(\.isInClear)
        let open = usable.filter { !$0.isAuthenticated }
        outcome = open.isEmpty ? .authenticated : .unauthenticated
        let all = usable.count == 1 ? "the host" : "each of \(usable.count) hosts"
        if !clear.isEmpty {
            let why = clear.lazy.compactMap { $0.attempts?.lazy.filter(\.isInClear).compactMap(\.reason).first }.first
            because = "mail would go in the clear to \(Self.names(clear))" + (why.map { ": \($0)" } ?? "")
        } else if open.isEmpty, silent.isEmpty {
            because = "\(all) that may be used has proved who it is"
        } else if open.isEmpty {
            because =
                "each host that answered has proved who it is; \(Self.names(silent)) took no connection, and gets "
                + "mail only with a proof"
        } else {
            let failed = open.filter(\.hasAnswered)
            because =
                failed.isEmpty
                ? "\(Self.names(open)) took no connection, and may be used without a proof"
                : "\(Self.names(failed)) did not prove to be the domain's own"
        }
    }

    /// `a`, `a and b`, `a, b, c and 2 more`
    private static func names(_ hosts: [Host]) -> String {
        let names = hosts.map(\.host)
        guard names.count > 1, let last = names.last else { return names.first ?? "" }
        if names.count <= namesInSentence { return names.dropLast().joined(separator: ", ") + " and \(last)" }
        return names.prefix(namesInSentence).joined(separator: ", ") + " and \(names.count - namesInSentence) more"
    }

    /// What an attempt at all of this adds up to, as a delivery concludes (D10).
    private func failureOfAttempts() -> AttemptFailure {
        var failures = AttemptFailures()
        for host in hosts {
            if let skipped = host.skipped, let cause = Reason.Cause(rawValue: skipped.cause) {
                failures.note(Reason(cause, skipped.detail), isPermanent: nil)
                continue
            }
            for attempt in host.attempts ?? [] where attempt.hasAnswered || !host.hasAnswered {
                let cause = attempt.cause.flatMap(Reason.Cause.init) ?? .connectFailed
                failures.note(Reason(cause, attempt.reason ?? attempt.verdict), isPermanent: nil)
            }
        }
        return failures.summary
    }
}

extension PolicyDocument.Host {
    /// Words of ``VerifiedLevel`` that prove who a host is and that the domain led to it.
    private static let proofs: Set<String> = Set([VerifiedLevel.dane, .webPKI, .fingerprint].map(\.rawValue))

    var isDeliverable: Bool { attempts?.contains { $0.verified != nil } ?? false }

    /// Would mail go to some address of it without TLS?
    public var isInClear: Bool { attempts?.contains(where: \.isInClear) ?? false }

    var hasAnswered: Bool { attempts?.contains(where: \.hasAnswered) ?? false }

    var isAuthenticated: Bool {
        guard hasAnswered, let attempts else { return requirement?.provesDomain ?? false }
        // A proof of the host alone says nothing of the domain.
        if let requirement, requirement.level == TLSRequirement.Level.authenticated.rawValue, !requirement.provesDomain
        {
            return false
        }
        return attempts.filter(\.hasAnswered).allSatisfy { $0.verified.map(Self.proofs.contains) ?? false }
    }
}

extension PolicyDocument.Attempt {
    var hasAnswered: Bool { verdict != "unreachable" }

    public var isInClear: Bool { verified == VerifiedLevel.none.rawValue }
}
