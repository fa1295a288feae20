/// Senders a rule is for.
public enum SenderPattern: Hashable, Sendable, CustomStringConvertible {
    /// `<>`: notices, which have no sender.
    case null
    /// One address. The case of ASCII letters makes no difference.
    case mailbox(Mailbox)
    /// `@example.org`, or `@*.example.org` for all names below it.
    case domain(RulePattern)

    /// Higher is more specific.
    var weight: Int {
        switch self {
        case .null, .mailbox: RulePattern.address(.v4(0)).weight + 1
        case .domain(let pattern): pattern.weight
        }
    }

    /// As the configuration spells it.
    public var description: String {
        switch self {
        case .null: "<>"
        case .mailbox(let mailbox): mailbox.description
        case .domain(let pattern): "@\(pattern)"
        }
    }
}

/// Values by the senders they are for: an exact address by one look, domains as ``PatternIndex`` finds them.
struct SenderIndex<Value> {
    private var mailboxes: [String: Value] = [:]
    private var null: Value?
    /// Under nil: for any sender.
    private var domains = PatternIndex<Value>()

    subscript(pattern: SenderPattern?) -> Value? {
        get {
            switch pattern {
            case nil: domains[nil]
            case .null?: null
            case .mailbox(let mailbox)?: mailboxes[Self.key(mailbox)]
            case .domain(let pattern)?: domains[pattern]
            }
        }
        set {
            switch pattern {
            case nil: domains[nil] = newValue
            case .null?: null = newValue
            case .mailbox(let mailbox)?: mailboxes[Self.key(mailbox)] = newValue
            case .domain(let pattern)?: domains[pattern] = newValue
            }
        }
    }

    /// The values for a sender, the most specific first.
    func matches(for sender: ReversePath) -> [Value] {
        switch sender {
        case .null: return [null, domains[nil]].compactMap { $0 }
        case .mailbox(let mailbox): return matches(for: mailbox)
        }
    }

    func matches(for mailbox: Mailbox) -> [Value] {
        let exact = mailboxes.isEmpty ? nil : mailboxes[Self.key(mailbox)]
        let name: DomainName? = if case .name(let name) = mailbox.domain { name } else { nil }
        return (exact.map { [$0] } ?? []) + domains.matches(for: name)
    }

    private static func key(_ mailbox: Mailbox) -> String { mailbox.description.lowercased() }
}

extension SenderIndex: Sendable where Value: Sendable {}
