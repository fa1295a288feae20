import FoundationEssentials

extension PolicyDocument.MTASTS {
    enum CodingKeys: CodingKey { case domain, lookup, record, policy, error }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(domain, forKey: .domain)
        try object.encode(lookup, forKey: .lookup)
        try object.encode(record, forKey: .record)
        try object.encode(policy, forKey: .policy)
        try object.encode(error, forKey: .error)
    }
}

extension PolicyDocument.MTASTS.Policy {
    enum CodingKeys: String, CodingKey {
        case mode, mx, id, source
        case maxAge = "max_age"
        case fetchedAt = "fetched_at"
        case expiresAt = "expires_at"
    }
}

extension PolicyDocument.TLSRPT {
    enum CodingKeys: CodingKey { case lookup, rua, error }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(lookup, forKey: .lookup)
        try object.encode(rua, forKey: .rua)
        try object.encode(error, forKey: .error)
    }
}

// MARK: - Of `relayctl probe`

extension PolicyDocument.Attempt {
    enum CodingKeys: String, CodingKey {
        case address, tls, verdict, cause, reason, verified, results, extensions, milliseconds
        case resultType = "result_type"
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(address, forKey: .address)
        try object.encode(tls, forKey: .tls)
        try object.encode(verdict, forKey: .verdict)
        try object.encode(cause, forKey: .cause)
        try object.encode(resultType, forKey: .resultType)
        try object.encode(reason, forKey: .reason)
        try object.encode(verified, forKey: .verified)
        try object.encode(results, forKey: .results)
        try object.encode(extensions, forKey: .extensions)
        try object.encode(milliseconds, forKey: .milliseconds)
    }
}

extension PolicyDocument.Result {
    enum CodingKeys: String, CodingKey {
        case policy
        case resultType = "result_type"
        case reasonCode = "reason_code"
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(policy, forKey: .policy)
        try object.encode(resultType, forKey: .resultType)
        try object.encode(reasonCode, forKey: .reasonCode)
    }
}

extension PolicyDocument.TLS {
    enum CodingKeys: String, CodingKey {
        case version, cipher, group, resumed, certificate, chain, matched, unmatched
        case webPKI = "webpki"
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(version, forKey: .version)
        try object.encode(cipher, forKey: .cipher)
        try object.encode(group, forKey: .group)
        try object.encode(resumed, forKey: .resumed)
        try object.encode(certificate, forKey: .certificate)
        try object.encode(chain, forKey: .chain)
        try object.encode(matched, forKey: .matched)
        try object.encode(unmatched, forKey: .unmatched)
        try object.encode(webPKI, forKey: .webPKI)
    }
}

extension PolicyDocument.Certificate {
    enum CodingKeys: String, CodingKey {
        case subject, names, issuer
        case notBefore = "not_before"
        case notAfter = "not_after"
        case certificateDigest = "certificate_digest"
        case publicKeyDigest = "public_key_digest"
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(subject, forKey: .subject)
        try object.encode(names, forKey: .names)
        try object.encode(notBefore, forKey: .notBefore)
        try object.encode(notAfter, forKey: .notAfter)
        try object.encode(issuer, forKey: .issuer)
        try object.encode(certificateDigest, forKey: .certificateDigest)
        try object.encode(publicKeyDigest, forKey: .publicKeyDigest)
    }
}

extension PolicyDocument.UnmatchedRecord {
    enum CodingKeys: String, CodingKey {
        case usage, selector, data
        case matchingType = "matching_type"
    }
}

extension PolicyDocument.MatchedRecord {
    enum CodingKeys: String, CodingKey {
        case usage, selector, data, depth
        case matchingType = "matching_type"
    }
}
