extension AddressFacts {
    /// Takes the A and AAAA answers of one host together (RFC 7672 §2.2.2).
    ///
    /// A family that failed does not spoil the other (SEC-15). RFC 7672 §2.2.2 lets errors for any query delay delivery;
    /// we deliver by the family that did answer, under the security of its own answer. It costs nothing: the addresses
    /// used are as secure as they claim to be.
    public init(reading answers: [Answer], loopbackAllowed: Bool) {
        var addresses: [IPAddress] = []
        var refused: [IPAddress] = []
        var failures: [(family: RecordType, words: String, kind: Security)] = []
        var used: [Answer] = []
        for answer in answers {
            guard let family = AddressFamily.allCases.first(where: { $0.recordType == answer.question.type }) else {
                continue
            }
            if let failure = answer.failure {
                failures.append((answer.question.type, failure, answer.failureKind))
                continue
            }
            let readable = answer.records.prefix(RecordLimits.addresses).compactMap { IPAddress(rdata: $0, family) }
            if readable.isEmpty && !answer.records.isEmpty {
                failures.append((answer.question.type, "the records are malformed", .failed))
                continue
            }
            if !readable.isEmpty { used.append(answer) }
            for address in readable {
                let isAllowed = address.unreachable(loopbackAllowed: loopbackAllowed) == nil
                if isAllowed { addresses.append(address) } else { refused.append(address) }
            }
        }
        let words = failures.map { "\($0.family == .a ? "A" : "AAAA"): \($0.words)" }.joined(separator: ", ")
        guard let first = used.first else {
            // No address. It is for certain only where no lookup failed (MX-07, MX-16).
            guard failures.isEmpty else {
                let isBogus = failures.contains { $0.kind == .bogus }
                self.init(lookup: .failed(words), security: isBogus ? .bogus : .failed)
                return
            }
            let isSecure = answers.allSatisfy { $0.security == .secure }
            self.init(lookup: .absent, security: isSecure ? .secure : .insecure)
            return
        }
        // SEC-09: one insecure link makes the chain insecure, and one insecure family the host.
        let security: Security = used.allSatisfy { $0.security == .secure } ? .secure : .insecure
        self.init(
            lookup: .found, addresses: addresses, refused: refused, security: security,
            expandedName: first.isAliased ? first.canonicalName : nil,
            partialFailure: words.isEmpty ? nil : words)
    }
}
