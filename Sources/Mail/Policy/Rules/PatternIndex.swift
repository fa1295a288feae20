/// Values by the pattern they are for, found from a name: exact names by one look, wildcards by walking up the labels, so
/// that it costs the same with ten patterns and with ten thousand.
struct PatternIndex<Value> {
    private var names: [Substring: Value] = [:]
    /// By the name behind `*.`.
    private var parents: [Substring: Value] = [:]
    private var addresses: [IPAddress: Value] = [:]
    private var any: Value?
    /// For no pattern at all, which is everything and yields to every pattern.
    private var unset: Value?

    subscript(pattern: RulePattern?) -> Value? {
        get {
            switch pattern {
            case nil: unset
            case .any?: any
            case .below(let parent)?: parents[parent.text[...]]
            case .exactly(let name)?: names[name.text[...]]
            case .address(let address)?: addresses[address]
            }
        }
        set {
            switch pattern {
            case nil: unset = newValue
            case .any?: any = newValue
            case .below(let parent)?: parents[parent.text[...]] = newValue
            case .exactly(let name)?: names[name.text[...]] = newValue
            case .address(let address)?: addresses[address] = newValue
            }
        }
    }

    /// The values for a name, the most specific first; without a name, those for all.
    func matches(for name: DomainName?) -> [Value] {
        var found: [Value] = []
        if let name {
            if let value = names[name.text[...]] { found.append(value) }
            if !parents.isEmpty {
                var rest = name.text[...]
                while let dot = rest.utf8.firstIndex(of: UInt8(ascii: ".")) {
                    rest = rest[rest.utf8.index(after: dot)...]
                    if let value = parents[rest] { found.append(value) }
                }
            }
        }
        if let any { found.append(any) }
        if let unset { found.append(unset) }
        return found
    }

    /// The same for a host, which may be an address.
    func matches(for host: MXHost) -> [Value] {
        if case .address(let address) = host, let value = addresses[address] {
            return [value] + matches(for: nil)
        }
        return matches(for: host.name)
    }
}

extension PatternIndex: Sendable where Value: Sendable {}
