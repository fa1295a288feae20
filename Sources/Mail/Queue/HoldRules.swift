/// The operator's rules on what is held: mail that matches one stays in the queue until it is released.
public struct HoldRules: Hashable, Sendable {
    /// One rule: all conditions that are given must hold. One without any holds nothing.
    public struct Rule: Hashable, Sendable {
        /// The case of letters makes no difference, here and in ``recipient``.
        public var sender: ReversePath?
        /// Itself, and not names below it, as ``recipientDomain``.
        public var senderDomain: DomainName?
        public var recipient: Mailbox?
        public var recipientDomain: DomainName?
        /// The destination's name as the queue has it.
        public var destination: String?
        /// The operator's words.
        public var reason: String

        public init(
            sender: ReversePath? = nil, senderDomain: DomainName? = nil, recipient: Mailbox? = nil,
            recipientDomain: DomainName? = nil, destination: String? = nil, reason: String
        ) {
            self.sender = sender
            self.senderDomain = senderDomain
            self.recipient = recipient
            self.recipientDomain = recipientDomain
            self.destination = destination
            self.reason = reason
        }
    }

    /// Rules at most.
    public static let limit = 1000

    /// In the order in which they count.
    public let rules: [Rule]

    /// Numbers of rules by the narrowest condition of each, so that a look costs the same with one rule and with a thousand.
    private var byKey: [Key: [Int]] = [:]

    private enum Key: Hashable {
        case recipient(String)
        case sender(String)
        case destination(String)
        case recipientDomain(DomainName)
        case senderDomain(DomainName)
    }

    public init(_ rules: [Rule] = []) {
        self.rules = rules
        for (number, rule) in rules.enumerated() {
            if let key = Self.narrowestKey(of: rule) { byKey[key, default: []].append(number) }
        }
    }

    public var isEmpty: Bool { rules.isEmpty }

    /// The words of the first rule that holds mail from `sender` to `recipient` at `destination`; nil where none does.
    public func reason(sender: ReversePath, recipient: Mailbox, destination: String) -> String? {
        guard !byKey.isEmpty else { return nil }
        var keys: [Key] = [
            .recipient(Self.folded(recipient.description)), .sender(Self.folded(sender.description)),
            .destination(destination),
        ]
        if let domain = Self.domain(of: recipient) { keys.append(.recipientDomain(domain)) }
        if let domain = Self.domain(of: sender) { keys.append(.senderDomain(domain)) }
        let candidates = keys.lazy.flatMap { byKey[$0] ?? [] }
        let found = candidates.filter { rules[$0].matches(sender, recipient, destination) }.min()
        return found.map { rules[$0].reason }
    }

    private static func narrowestKey(of rule: Rule) -> Key? {
        if let recipient = rule.recipient { return .recipient(folded(recipient.description)) }
        if let sender = rule.sender { return .sender(folded(sender.description)) }
        if let destination = rule.destination { return .destination(destination) }
        if let domain = rule.recipientDomain { return .recipientDomain(domain) }
        return rule.senderDomain.map(Key.senderDomain)
    }

    fileprivate static func folded(_ address: String) -> String { address.lowercased() }

    fileprivate static func domain(of mailbox: Mailbox) -> DomainName? {
        if case .name(let name) = mailbox.domain { name } else { nil }
    }

    fileprivate static func domain(of sender: ReversePath) -> DomainName? {
        if case .mailbox(let mailbox) = sender { domain(of: mailbox) } else { nil }
    }
}

extension HoldRules.Rule {
    /// Every condition that is given holds.
    fileprivate func matches(_ sender: ReversePath, _ recipient: Mailbox, _ destination: String) -> Bool {
        func agrees<Value: Equatable>(_ wanted: Value?, _ found: Value?) -> Bool { wanted == nil || wanted == found }
        return agrees(self.sender.map { HoldRules.folded($0.description) }, HoldRules.folded(sender.description))
            && agrees(senderDomain, HoldRules.domain(of: sender))
            && agrees(self.recipient.map { HoldRules.folded($0.description) }, HoldRules.folded(recipient.description))
            && agrees(recipientDomain, HoldRules.domain(of: recipient))
            && agrees(self.destination, destination)
    }
}
