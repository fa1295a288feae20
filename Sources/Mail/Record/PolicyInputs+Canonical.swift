extension PolicyInputs {
    /// The same, without what differs from one lookup to the next and decides nothing: the order of records, of addresses and
    /// of hosts of equal preference, the time to live, and whether a policy was fetched just now or lay in the cache.
    public var canonical: PolicyInputs {
        PolicyInputs(
            facts: facts.canonical, sts: sts.canonical, demand: demand, settings: settings, exception: exception)
    }
}

extension DestinationFacts {
    fileprivate var canonical: DestinationFacts {
        DestinationFacts(
            nextHop: nextHop, mx: mx.canonical,
            hosts: hosts.map(\.canonical).sorted {
                ($0.preference, $0.host.description) < ($1.preference, $1.host.description)
            }, timeToLive: 0)
    }
}

extension MXFacts {
    fileprivate var canonical: MXFacts {
        guard case .records(let records) = lookup else { return self }
        return MXFacts(
            lookup: .records(
                records.sorted {
                    ($0.preference, $0.exchange.description) < ($1.preference, $1.exchange.description)
                }), security: security, expandedDomain: expandedDomain)
    }
}

extension HostFacts {
    fileprivate var canonical: HostFacts {
        HostFacts(
            host: host, preference: preference, addresses: addresses.canonical, tlsa: tlsa.canonical,
            exclusion: exclusion)
    }
}

extension AddressFacts {
    fileprivate var canonical: AddressFacts {
        AddressFacts(
            lookup: lookup, addresses: addresses.inOrder, refused: refused.inOrder, security: security,
            expandedName: expandedName, partialFailure: partialFailure)
    }
}

extension [IPAddress] {
    /// IPv4 before IPv6, each by its octets.
    fileprivate var inOrder: [IPAddress] {
        sorted { left, right in
            left.octets.count == right.octets.count
                ? left.octets.lexicographicallyPrecedes(right.octets) : left.octets.count < right.octets.count
        }
    }
}

extension TLSAFacts {
    fileprivate var canonical: TLSAFacts {
        TLSAFacts(
            baseDomain: baseDomain, lookup: lookup, security: security, records: records.sorted(),
            unreadable: unreadable, malformed: malformed)
    }
}

extension STSFacts {
    fileprivate var canonical: STSFacts {
        guard held != nil, !isCached else { return self }
        return STSFacts(
            domain: domain, record: record, held: held, isCached: true, fault: fault, isUnknown: isUnknown,
            isLost: isLost, prevention: prevention)
    }
}
