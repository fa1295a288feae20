/// What a change of a fact means for an operator.
enum FactAlarms {
    /// Raised before the change is written: a crash between the two has it seen, and raised, once more.
    /// - Parameter former: what the fact was before the change before; nil where nobody remembers.
    static func calls(from old: String, to reading: FactReading, former: String?) -> [AlarmCall] {
        switch reading.kind {
        case .tlsa: tlsa(from: old, to: reading)
        case .startTLS: startTLS(reading)
        case .verified: verified(from: old, to: reading)
        case .issuer: issuer(from: old, to: reading, former: former)
        case .mx, .stsID, .stsPolicy: []
        }
    }

    private static func tlsa(from old: String, to reading: FactReading) -> [AlarmCall] {
        let host = reading.name
        switch (FactRules.binds(old), FactRules.binds(reading.value)) {
        case (true, false):
            let now =
                FactReading.members(of: reading.value).isEmpty
                ? "and none is published any more" : "and what is published now is not DNSSEC-secure"
            return [
                .raise(
                    .tlsaGone, of: host,
                    "\(host) had DNSSEC-secure TLSA records, \(now): mail to it is not authenticated by DANE. Ask its "
                        + "postmaster whether that is meant; relayctl history \(host) shows what they were")
            ]
        case (false, true): return [.clear(.tlsaGone, of: host, because: "it has secure TLSA records again")]
        case (true, true), (false, false): return []
        }
    }

    private static func startTLS(_ reading: FactReading) -> [AlarmCall] {
        let host = reading.name
        if reading.value == FactReading.offered {
            return [.clear(.startTLSGone, of: host, because: "it offers STARTTLS again")]
        }
        return [
            .raise(
                .startTLSGone, of: host,
                "\(host) offered STARTTLS, and \(FactRules.missesToBelieve) connections in a row found it missing: "
                    + "where nothing demands TLS, mail to it goes in clear. relayctl probe shows what it offers; where many "
                    + "hosts lose it at once, look at the way there")
        ]
    }

    private static func verified(from old: String, to reading: FactReading) -> [AlarmCall] {
        let had = FactRules.proofs.contains(old)
        let has = FactRules.proofs.contains(reading.value)
        if has { return had ? [] : [.clear(.authenticationLost, of: reading.name, because: "it proves itself again")] }
        guard had, !reading.isExplained else { return [] }
        return [
            .raise(
                .authenticationLost, of: reading.name,
                "\(reading.name): the host proved who it is (\(old)), and mail goes to it without that now "
                    + "(\(reading.value)), for no policy demands it any more. relayctl policy tells what is published; a "
                    + "[[rule]] with by can demand it from this side")
        ]
    }

    private static func issuer(from old: String, to reading: FactReading, former: String?) -> [AlarmCall] {
        let host = reading.name
        let organisation = FactRules.organisation(reading.value)
        guard FactRules.organisation(old) != organisation else { return [] }
        if let former, FactRules.organisation(former) == organisation {
            return [.clear(.issuerChanged, of: host, because: "the issuer is the one of before")]
        }
        guard !reading.isExplained else { return [] }
        return [
            .raise(
                .issuerChanged, of: host,
                "the certificate of \(host) was issued by \(SafeText.string(old.utf8)), and now by "
                    + "\(SafeText.string(reading.value.utf8)). That may be meant; where it is, acknowledge this")
        ]
    }
}
