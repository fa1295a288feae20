public import FoundationEssentials

// Keys are snake_case, and `null` is written out: the synthesized `encode` would leave the key away.

extension PolicyDocument {
    /// The document on one line: keys sorted, so that two equal documents are equal octets; no final line end.
    public func json() throws(EncodingFailure) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return try encoder.encode(self)
        } catch {
            throw EncodingFailure(text: "\(error)")
        }
    }

    /// The encoder would not write the document.
    public struct EncodingFailure: Error, Hashable, Sendable {
        public let text: String
    }

    enum CodingKeys: String, CodingKey {
        case domain, route, port, mx, tlsrpt, exception, hosts, outcome, permanent, because
        case mtaSTS = "mta_sts"
        case stsUnknown = "sts_unknown"
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(domain, forKey: .domain)
        try object.encode(route, forKey: .route)
        try object.encode(port, forKey: .port)
        try object.encode(mx, forKey: .mx)
        try object.encode(mtaSTS, forKey: .mtaSTS)
        try object.encode(tlsrpt, forKey: .tlsrpt)
        try object.encode(stsUnknown, forKey: .stsUnknown)
        try object.encode(exception, forKey: .exception)
        try object.encode(hosts, forKey: .hosts)
        try object.encode(outcome, forKey: .outcome)
        try object.encode(permanent, forKey: .permanent)
        try object.encode(because, forKey: .because)
    }
}

extension PolicyDocument.MX {
    enum CodingKeys: CodingKey {
        case lookup, security, implicit, null, records, error
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(lookup, forKey: .lookup)
        try object.encode(security, forKey: .security)
        try object.encode(implicit, forKey: .implicit)
        try object.encode(null, forKey: .null)
        try object.encode(records, forKey: .records)
        try object.encode(error, forKey: .error)
    }
}

extension PolicyDocument.Host {
    enum CodingKeys: String, CodingKey {
        case host, preference, addresses, tlsa, requirement, skipped, rule, settings, reasons, shadows, attempts
        case addressSecurity = "address_security"
        case stsMatch = "sts_match"
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(host, forKey: .host)
        try object.encode(preference, forKey: .preference)
        try object.encode(addresses, forKey: .addresses)
        try object.encode(addressSecurity, forKey: .addressSecurity)
        try object.encode(tlsa, forKey: .tlsa)
        try object.encode(stsMatch, forKey: .stsMatch)
        try object.encode(requirement, forKey: .requirement)
        try object.encode(skipped, forKey: .skipped)
        try object.encode(rule, forKey: .rule)
        try object.encode(settings, forKey: .settings)
        try object.encode(reasons, forKey: .reasons)
        try object.encode(shadows, forKey: .shadows)
        try object.encodeIfPresent(attempts, forKey: .attempts)
    }
}

extension PolicyDocument.TLSA {
    enum CodingKeys: String, CodingKey {
        case lookup, security, records
        case baseDomain = "base_domain"
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(baseDomain, forKey: .baseDomain)
        try object.encode(lookup, forKey: .lookup)
        try object.encode(security, forKey: .security)
        try object.encode(records, forKey: .records)
    }
}

extension PolicyDocument.TLSARow {
    enum CodingKeys: String, CodingKey {
        case usage, selector, data, usable
        case matchingType = "matching_type"
        case whyUnusable = "why_unusable"
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(usage, forKey: .usage)
        try object.encode(selector, forKey: .selector)
        try object.encode(matchingType, forKey: .matchingType)
        try object.encode(data, forKey: .data)
        try object.encode(usable, forKey: .usable)
        try object.encode(whyUnusable, forKey: .whyUnusable)
    }
}

extension PolicyDocument.Requirement {
    enum CodingKeys: String, CodingKey {
        case level, by, reason, source, demands
        case cleartextAllowed = "cleartext_allowed"
        case provesDomain = "proves_domain"
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(level, forKey: .level)
        try object.encode(by, forKey: .by)
        try object.encode(cleartextAllowed, forKey: .cleartextAllowed)
        try object.encode(reason, forKey: .reason)
        try object.encode(source, forKey: .source)
        try object.encode(demands, forKey: .demands)
        try object.encode(provesDomain, forKey: .provesDomain)
    }
}

extension PolicyDocument.RouteRow {
    enum CodingKeys: String, CodingKey {
        case rule
        case nextHop = "next_hop"
    }
}

extension PolicyDocument.Step {
    enum CodingKeys: CodingKey { case text, source }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(text, forKey: .text)
        try object.encode(source, forKey: .source)
    }
}
