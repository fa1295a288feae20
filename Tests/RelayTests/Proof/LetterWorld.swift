import Mail
import Testing

@testable import Relay

/// Domains with one fault each, as a probe shows them.
enum LetterWorld {
    static let now = WallTime(seconds: 1_795_320_000)
    static let published = String(repeating: "ab", count: 32)

    static func certificate(
        names: [String] = ["mx.d.example"], until: Int64 = 1_800_000_000
    ) -> PolicyDocument.Certificate {
        PolicyDocument.Certificate(
            CertificateFacts(
                subject: "CN=mx.d.example", names: names, notBefore: WallTime(seconds: 1_780_000_000),
                notAfter: WallTime(seconds: until), issuer: "CN=Some CA",
                certificateDigest: [UInt8](repeating: 0x11, count: 32),
                publicKeyDigest: [UInt8](repeating: 0x22, count: 32)))
    }

    /// - Parameters:
    ///   - policy: hosts of an MTA-STS policy in mode `enforce`.
    static func document(
        tlsa: TLSAFacts? = nil, policy: [String]? = nil, mx: Security = .secure, addresses: AddressFacts? = nil,
        fetch: STSFetchFault? = nil, rules: [HostRule] = [], _ attempts: [PolicyDocument.Attempt] = []
    ) throws -> PolicyDocument {
        let domain = try DomainName("d.example")
        let name = try DomainName("mx.d.example")
        let host = HostFacts(
            host: .name(name), preference: 10,
            addresses: addresses
                ?? AddressFacts(
                    lookup: .found, addresses: [.v4(0xC000_0201), .v6(high: 0x2001_0DB8_0000_0000, low: 1)],
                    security: .secure), tlsa: tlsa ?? TLSAFacts(baseDomain: nil, lookup: .absent, security: .secure))
        let isBogus = mx == .bogus
        let facts = DestinationFacts(
            nextHop: NextHop(.domain(domain), port: 25),
            mx: MXFacts(
                lookup: isBogus
                    ? .failed("validation failure <d.example. MX IN>: signature expired")
                    : .records([MXRecord(preference: 10, exchange: .host(.name(name)))]), security: mx),
            hosts: isBogus ? [] : [host], timeToLive: 60)
        var sts = STSFacts.notApplicable
        if let policy {
            let lines = ["version: STSv1", "mode: enforce", "max_age: 604800"] + policy.map { "mx: \($0)" }
            let held = try STSCacheEntry.Held(
                parsing: Array(lines.map { $0 + "\n" }.joined().utf8), id: "7", fetchedAt: now.advanced(by: -3600))
            sts = STSFacts(domain: domain, record: .found(id: fetch == nil ? "7" : "8"), held: held, fault: fetch)
        }
        var document = PolicyDocument(PolicyDecision(PolicyInputs(facts: facts, sts: sts, settings: PolicySettings())))
        if !document.hosts.isEmpty, !attempts.isEmpty { document.hosts[0].attempts = attempts }
        document.judgeByAttempts()
        return document
    }

    static func tlsa() throws -> TLSAFacts {
        TLSAFacts(
            baseDomain: try DomainName("mx.d.example"), lookup: .found, security: .secure,
            records: [try TLSARecord(parsing: "3 1 1 \(published)")])
    }

    static func refused(
        _ cause: Reason.Cause, _ words: String, _ type: ResultType? = nil, at address: String = "192.0.2.1",
        _ certificate: PolicyDocument.Certificate? = nil
    ) -> PolicyDocument.Attempt {
        PolicyDocument.Attempt(
            address: address, tls: certificate.map { PolicyDocument.TLS(certificate: $0, chain: [$0]) },
            verdict: "refuse", cause: cause.rawValue, resultType: type?.rawValue, reason: words)
    }

    static let waiting = Letter.Waiting(
        messages: 12, since: WallTime(seconds: 1_795_200_000), last: WallTime(seconds: 1_795_319_000))

    static func document(of kind: LetterFault.Kind) throws -> PolicyDocument {
        switch kind {
        case .bogus: return try document(mx: .bogus)
        case .tlsaLookup:
            return try document(
                tlsa: TLSAFacts(
                    baseDomain: try DomainName("mx.d.example"), lookup: .failed("SERVFAIL"), security: .failed))
        case .startTLSMissing:
            let words = "TLS is demanded, and mx.d.example does not offer STARTTLS"
            return try document(
                tlsa: tlsa(),
                [refused(.startTLSMissing, words), refused(.startTLSMissing, words, at: "2001:db8::1")])
        case .handshake:
            return try document(
                policy: ["mx.d.example"], [refused(.tlsHandshakeFailed, "the handshake failed: no shared cipher")])
        case .daneMismatch:
            return try document(
                tlsa: tlsa(),
                [
                    refused(.daneMismatch, "no TLSA record matches", .validationFailure, certificate()),
                    refused(
                        .daneMismatch, "no TLSA record matches", .validationFailure, at: "2001:db8::1", certificate()),
                ])
        case .certificateExpired:
            return try document(
                policy: ["mx.d.example"],
                [
                    refused(
                        .certificateInvalid, "the certificate has expired", .certificateExpired,
                        certificate(until: 1_795_147_200))
                ])
        case .certificateName:
            return try document(
                policy: ["mx.d.example"],
                [
                    refused(
                        .certificateInvalid, "the certificate is not for mx.d.example", .certificateHostMismatch,
                        certificate(names: ["www.d.example", "evil\u{1B}[31m.example"]))
                ])
        case .certificateUntrusted:
            return try document(
                policy: ["mx.d.example"],
                [refused(.certificateInvalid, "self-signed certificate", .certificateNotTrusted, certificate())])
        case .stsHost: return try document(policy: ["mail.d.example", "*.old.example"])
        case .stsFetch:
            return try document(
                policy: ["mx.d.example"], fetch: STSFetchFault(.stsPolicyFetchError, "the server answered 404"),
                [
                    PolicyDocument.Attempt(address: "192.0.2.1", verdict: "proceed", verified: "webpki")
                ])
        }
    }

    static func letter(_ document: PolicyDocument, waiting: Letter.Waiting? = waiting) -> Letter? {
        Letter(
            document, hostname: "relay.example", contact: "tls@us.example", now: now, waiting: waiting)
    }
}
