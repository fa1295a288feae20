/// What a rule is for: one name, all names below one, one address, or all.
public enum RulePattern: Hashable, Sendable, CustomStringConvertible {
    case any
    /// `*.example.org`: every name below, at any depth (unlike an MTA-STS pattern, which stands for one label).
    case below(DomainName)
    case exactly(DomainName)
    /// `[192.0.2.1]`: a next hop without a name. Only hosts have addresses; a destination has a name.
    case address(IPAddress)

    public func matches(_ name: DomainName) -> Bool {
        switch self {
        case .any: true
        case .below(let parent): name.text.hasSuffix("." + parent.text)
        case .exactly(let other): name == other
        case .address: false
        }
    }

    /// Higher is more specific.
    var weight: Int {
        switch self {
        case .any: 0
        case .below(let parent): 1 + parent.text.utf8.count
        case .exactly, .address: 1 + DomainName.lengthLimit + 1
        }
    }

    public var description: String {
        switch self {
        case .any: "*"
        case .below(let parent): "*.\(parent)"
        case .exactly(let name): name.text
        case .address(let address): "[\(address)]"
        }
    }
}
