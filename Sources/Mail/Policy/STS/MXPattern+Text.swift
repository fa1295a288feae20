extension MXPattern {
    /// Reads `mail.example.com` or `*.example.net` (RFC 8461 §3.2 `sts-policy-mx-value`, RFC 5321 §4.1.2 `Domain`).
    ///
    /// What could never be an MX host's name is refused instead of kept as a pattern that never matches: U-labels
    /// (STS-24), addresses, underscores, a final dot, a `*` anywhere else. The fault has no line.
    public init(parsing value: some Collection<UInt8>) throws(STSPolicyFault) {
        let isWildcard = value.starts(with: "*.".utf8)
        let text = Array(isWildcard ? value.dropFirst(2) : value.dropFirst(0))
        let shown = RecordFields.quoted(Array(value)[...])
        guard text.allSatisfy({ $0 < 0x80 }) else {
            throw STSPolicyFault("the mx value \"\(shown)\" is not ASCII: write the name as A-labels (xn--…)")
        }
        guard !text.contains(UInt8(ascii: "*")) else {
            throw STSPolicyFault("the mx value \"\(shown)\" has a \"*\" that is not the whole first label")
        }
        guard text.last != UInt8(ascii: ".") else {
            throw STSPolicyFault("the mx value \"\(shown)\" ends with a dot: take it out")
        }
        // No top-level domain is a number: what ends in one can only be an address, and no MX record names that
        // (MX-14).
        let last = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).last
        guard IPAddress(parsing: text) == nil, last?.allSatisfy(ASCII.isDigit) != true || text.isEmpty else {
            throw STSPolicyFault("the mx value \"\(shown)\" is an address: an MX record names a host")
        }
        guard let name = try? DomainName(parsing: text), name.isHostName else {
            throw STSPolicyFault("the mx value \"\(shown)\" is no host name")
        }
        self.init(name: name, isWildcard: isWildcard)
    }

    /// The same for a text.
    public init(_ text: some StringProtocol) throws(STSPolicyFault) {
        try self.init(parsing: text.utf8)
    }
}
