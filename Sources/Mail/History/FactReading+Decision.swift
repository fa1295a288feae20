extension FactReading {
    /// What the lookups behind a decision say of the next-hop domain and of its hosts.
    public static func readings(of inputs: PolicyInputs) -> [FactReading] {
        guard let domain = inputs.facts.nextHop.domain else { return [] }
        var readings: [FactReading] = []
        if let mx = spelling(of: inputs.facts.mx) { readings.append(FactReading(domain.text, .mx, mx)) }
        readings += self.readings(of: inputs.sts)
        for host in inputs.facts.hosts {
            guard let name = host.host.name, let tlsa = spelling(of: host.tlsa, at: host.addresses) else { continue }
            readings.append(
                FactReading(self.name(of: name, port: inputs.facts.nextHop.port), .tlsa, tlsa))
        }
        return readings
    }

    /// `secure: 10 mx1.example.org, 20 mx2.example.org`; nil where nothing is known.
    static func spelling(of mx: MXFacts) -> String? {
        guard let security = certain(mx.security) else { return nil }
        switch mx.lookup {
        case .records(let records):
            let sorted = records.map { (Int($0.preference), $0.exchange.description) }.sorted(by: <)
            return "\(security): " + sorted.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        case .implicit: return "\(security): implicit"
        case .null: return "\(security): null"
        case .noSuchDomain: return "\(security): no such domain"
        case .failed, .notQueried: return nil
        }
    }

    /// `secure: 3 1 1 ab12…, 3 1 1 cd34…`, `secure: none`; nil where nothing is known.
    static func spelling(of tlsa: TLSAFacts, at addresses: AddressFacts) -> String? {
        switch tlsa.lookup {
        case .found:
            guard let security = certain(tlsa.security) else { return nil }
            var members = tlsa.records.sorted().map {
                "\($0.usage) \($0.selector) \($0.matchingType) \(hexadecimal($0.data))"
            }
            if tlsa.malformed > 0 { members.append("\(tlsa.malformed) malformed") }
            return "\(security): " + (members.isEmpty ? none : members.joined(separator: ", "))
        case .absent:
            return certain(tlsa.security).map { "\($0): \(none)" }
        case .notQueried:
            // RFC 7672 §2.2.2: where the host's own zone is not signed, no TLSA record of it can be secure. That its
            // addresses were found and are insecure is certain; whatever else kept it from being asked is not.
            guard addresses.lookup == .found, addresses.security == .insecure else { return nil }
            return "\(Security.insecure.rawValue): \(none)"
        case .failed:
            return nil
        }
    }

    private static func readings(of sts: STSFacts) -> [FactReading] {
        guard let domain = sts.domain else { return [] }
        var readings: [FactReading] = []
        switch sts.record {
        case .found(let id): readings.append(FactReading(domain.text, .stsID, id))
        case .absent: readings.append(FactReading(domain.text, .stsID, none))
        case .failed, .notQueried: break
        }
        if let policy = sts.held?.policy {
            readings.append(FactReading(domain.text, .stsPolicy, spelling(of: policy)))
        } else if sts.record.isAbsent, !sts.isUnknown, !sts.isLost, sts.prevention == nil, sts.fault == nil {
            readings.append(FactReading(domain.text, .stsPolicy, none))
        }
        return readings
    }

    /// `enforce; max_age 604800; mx *.example.org, mx1.example.org`
    static func spelling(of policy: STSPolicy) -> String {
        let hosts = Set(policy.patterns.map(\.description)).sorted()
        let list = hosts.isEmpty ? none : hosts.joined(separator: ", ")
        return "\(policy.mode.rawValue); max_age \(policy.maxAge); mx \(list)"
    }

    /// The word of a security under which an answer is one (SEC-05); nil where it is none.
    private static func certain(_ security: Security?) -> String? {
        switch security {
        case .secure, .insecure: security?.rawValue
        case .bogus, .failed, nil: nil
        }
    }
}

extension FactReading {
    /// Hosts that an MX value names, best first: what else to look up under the name of a domain.
    public static func hosts(inMX value: String) -> [DomainName] {
        members(of: value).compactMap { member in
            member.split(separator: " ").last.flatMap { try? DomainName(String($0)) }
        }
    }

    /// The members of a set, without its security.
    static func members(of value: String) -> [String] {
        guard let colon = value.firstIndex(of: ":") else { return [] }
        let rest = value[value.index(after: colon)...].drop { $0 == " " }
        if rest == none { return [] }
        return rest.split(separator: ",").map { part in String(part.drop { $0 == " " }) }
    }
}
