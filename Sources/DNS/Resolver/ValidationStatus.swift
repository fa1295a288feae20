public import Mail

/// What the self-test found, with words for the log and `relayctl status`.
public enum ValidationStatus: Hashable, Sendable, CustomStringConvertible {
    case validates
    /// Answers come, but what must be secure is not, or what must be refused is answered: DANE would be off silently.
    case doesNotValidate(String)
    /// Nothing could be asked: no statement about validation.
    case noNetwork(String)

    public var description: String {
        switch self {
        case .validates: "validates"
        case .doesNotValidate(let why): "does not validate: \(why)"
        case .noNetwork(let why): "cannot tell whether it validates: \(why)"
        }
    }

    /// What follows from the two findings. `bogus` nil: that half was not asked.
    init(secureName: String, secure: Finding, bogusName: String, bogus: Finding?) {
        switch (secure.security, secure.result) {
        case (.secure, .records):
            break
        case (.secure, _):
            self = .doesNotValidate("\(secureName) has no DNSKEY")
            return
        case (.insecure, _):
            self = .doesNotValidate("\(secureName) must be signed, and counts as insecure")
            return
        case (.bogus, .failed(let why)):
            self = .doesNotValidate("\(secureName) must be secure, and is bogus: \(why)")
            return
        case (.failed, .failed(let why)):
            self = .noNetwork("\(secureName): \(why)")
            return
        case (.bogus, _), (.failed, _):
            self = .noNetwork("\(secureName): no reason")
            return
        }
        switch bogus?.security {
        case nil, .bogus:
            self = .validates
        case .secure, .insecure:
            self = .doesNotValidate("\(bogusName) must be bogus, and is answered")
        case .failed:
            // It may be out of order today; the secure half was shown.
            self = .validates
        }
    }
}

extension Resolver {
    /// Does this resolver validate? The DNSKEY of `secure` (nil: the root) must be secure, and an address of `bogus` must
    /// not be answered (nil: not asked) (SEC-07). Takes at most twice the lookup timeout.
    public func selfTest(secure: DomainName?, bogus: DomainName?) async -> ValidationStatus {
        let first = await find(secure.map { Asked(Question($0, .dnskey)) } ?? Asked(root: .dnskey))
        let second: Finding? =
            if let bogus, first.security == .secure { await find(Asked(Question(bogus, .a))) } else { nil }
        return ValidationStatus(
            secureName: secure?.text ?? "the root", secure: first, bogusName: bogus?.text ?? "", bogus: second)
    }
}
