import Mail
import Testing

@testable import TLS

/// The root of ``TestPKI`` as a PEM file, loaded once for all tests.
struct TestTrust: Sendable {
    let file: TrustStore
    let stores = TrustStores()

    static let made = Result { try TestTrust() }

    static func shared() throws -> TestTrust {
        try made.get()
    }

    private init() throws {
        let folder = try TemporaryFolder()
        file = .file(try folder.write(TestPKI.shared().root.pem, to: "root.pem"))
        // Loaded before the folder goes away.
        try stores.load(file)
    }

    /// For these names, with the root as the only anchor.
    static func reference(_ names: [String] = ["mx.example.com"]) throws -> WebPKIReference {
        WebPKIReference(names: try names.map { try DomainName($0) }, trust: try shared().file)
    }
}

extension TLSRequirement {
    /// Level `authenticated` with these demands.
    static func proving(
        _ demands: [Set<Proof>], by: Basis = .mtaSTS, dane: [TLSARecord] = [], webPKI: WebPKIReference? = nil,
        pkix: WebPKIReference? = nil, fingerprints: [Fingerprint] = [], level: Level = .authenticated,
        sts: STSReference? = nil
    ) throws -> TLSRequirement {
        let name = try DomainName("mx.example.com")
        return TLSRequirement(
            level: level, by: by, demands: demands,
            dane: dane.isEmpty
                ? nil : DANEReference(baseDomain: name, records: dane, referenceIdentifiers: [name]),
            webPKI: webPKI, pkix: pkix, fingerprints: fingerprints, sts: sts, serverName: name,
            reason: Explanation("test"))
    }

    /// A host of an MTA-STS policy in mode `enforce`.
    static func enforced(_ names: [String] = ["mx.example.com"]) throws -> TLSRequirement {
        try proving([[.webPKI]], webPKI: TestTrust.reference(names), sts: .test())
    }

    /// What follows from `facts` in a first attempt.
    func verdict(_ facts: TLSSessionFacts?) -> TLSVerdict {
        .compare(
            self, facts.map { .established($0) } ?? .startTLSNotOffered, fallback: .afterRetry,
            attempt: AttemptState(number: 1))
    }
}

extension TLSVerdict {
    var level: VerifiedLevel? {
        if case .proceed(let level, _) = self { level } else { nil }
    }

    var cause: Reason.Cause? {
        if case .refuse(let reason, _) = self { reason.cause } else { nil }
    }
}

extension STSReference {
    static func test(
        domain: String = "example.com", id: String = "1", mode: STSPolicy.Mode = .enforce,
        pattern: String? = "mx.example.com"
    ) throws -> STSReference {
        STSReference(
            domain: try DomainName(domain), id: id, mode: mode,
            pattern: try pattern.map { MXPattern(name: try DomainName($0), isWildcard: false) })
    }
}

extension WebPKIEvidence {
    var fault: CertificateFault? {
        if case .failed(let fault, _) = self { fault } else { nil }
    }

    var words: String? {
        if case .failed(_, let words) = self { words } else { nil }
    }

    var name: String? {
        if case .trusted(let name) = self { name.text } else { nil }
    }
}

/// A full handshake with a server that presents `chain`, in the context the requirement needs.
func facts(
    presenting chain: [TestCertificate], _ requirement: TLSRequirement, to edit: (ServerContext) -> Void = { _ in }
) throws -> TLSSessionFacts {
    let server = try ServerContext.presenting(chain)
    edit(server)
    let pair = try Pair(
        Contexts.made.get()[requirement], requirement, to: server, trust: TestTrust.shared().stores)
    return try #require(pair.handshake().facts)
}
