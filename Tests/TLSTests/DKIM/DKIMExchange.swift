import Mail
import Testing

@testable import TLS

/// A signer and a verifier over one message, as the relay and a receiver use the parts.
enum DKIMExchange {
    /// `content` with the signatures of `keys` above it.
    static func signed(
        _ content: [UInt8], _ keys: [(key: DKIMPrivateKey, terms: DKIMTerms)], choice: DKIMFieldChoice = .standard
    ) throws -> [UInt8] {
        let message = try DKIMSignable(reading: content)
        var fields: [UInt8] = []
        for (key, terms) in keys {
            let body = try bodyHash(content[message.bodyOffset...], terms.canonicalization.body)
            let plan = DKIMSigningPlan(message, of: content, terms: terms, choice: choice)
            fields += plan.field(bodyHash: body.digest, signature: try key.sign(plan.input(bodyHash: body.digest)))
        }
        return fields + content
    }

    static func bodyHash(
        _ body: ArraySlice<UInt8>, _ form: DKIMCanonicalization.Form, limit: UInt64? = nil
    ) throws -> DKIMBodyHash {
        var digest = try DKIMBodyDigest.begin(form, limit: limit)
        try digest.update(Array(body))
        return try digest.finish()
    }

    /// The results of the signatures of `content`, from the top, by the keys that `zone` has.
    static func verify(
        _ content: [UInt8], at time: WallTime = WallTime(seconds: 1_800_000_000), _ zone: [String: DKIMKeyLookup]
    ) throws -> [DKIMResult] {
        let verification = DKIMVerification(of: content, at: time)
        return try verification.checks.map { check in
            guard case .needsKey(let name) = check.step, let signature = check.signature else {
                return verification.result(
                    of: check, key: .absent(""), body: DKIMBodyHash(digest: [], length: 0), verify: DKIMPublicKey.check)
            }
            let body = try bodyHash(
                content[verification.bodyOffset...], signature.canonicalization.body, limit: signature.bodyLength)
            return verification.result(
                of: check, key: zone[name.text] ?? .absent("no such name"), body: body, verify: DKIMPublicKey.check)
        }
    }

    /// The zone that publishes `key`.
    static func zone(_ key: DKIMPrivateKey, _ terms: DKIMTerms) -> [String: DKIMKeyLookup] {
        let record = DKIMKeyRecord(keyType: key.keyType, publicKey: key.publicKey)
        return [terms.keyName.text: .records([Array(record.text.utf8)])]
    }

    static func terms(
        _ selector: String, _ algorithm: DKIMAlgorithm, domain: String = "example.org",
        _ canonicalization: DKIMCanonicalization = .relaxed, time: Int64 = 1_700_000_000
    ) throws -> DKIMTerms {
        try DKIMTerms(
            signingDomain: DomainName(domain), selector: DomainName(selector), algorithm: algorithm,
            canonicalization: canonicalization, time: WallTime(seconds: time))
    }
}

/// Keys that many tests share: making RSA keys takes long.
struct TestKeys: Sendable {
    let rsa: DKIMPrivateKey
    let ed25519: DKIMPrivateKey

    private static let made = Result { try TestKeys() }

    static func shared() throws -> TestKeys {
        try made.get()
    }

    private init() throws {
        rsa = try DKIMPrivateKey(pem: DKIMPrivateKey.generate(.rsa2048))
        ed25519 = try DKIMPrivateKey(pem: DKIMPrivateKey.generate(.ed25519))
    }
}
