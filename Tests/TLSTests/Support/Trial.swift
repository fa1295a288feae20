import Glibc
import Mail
import Testing

@testable import TLS

/// Both client contexts, built once for all tests, as the daemon does.
enum Contexts {
    static let made = Result { try ClientContexts() }

    static var dane: ClientContext {
        get throws { try made.get().dane }
    }

    static var unverified: ClientContext {
        get throws { try made.get().unverified }
    }
}

extension ServerContext {
    /// A server that presents `chain`, leaf first, with the leaf's key.
    static func presenting(_ chain: [TestCertificate]) throws -> ServerContext {
        let leaf = try #require(chain.first)
        let folder = try TemporaryFolder()
        return try ServerContext(
            certificateFile: folder.write(chain.flatMap(\.pem), to: "chain.pem"),
            keyFile: folder.write(leaf.keyPEM, to: "key.pem"))
    }
}

/// A folder that goes away with the test.
final class TemporaryFolder {
    let path: String
    private var files: [String] = []

    init() throws {
        var template = Array("/tmp/tls-tests-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit {
        for file in files { unlink(file) }
        rmdir(path)
    }

    func write(_ octets: [UInt8], to name: String) throws -> String {
        let file = "\(path)/\(name)"
        let stream = try #require(fopen(file, "w"))
        fwrite(octets, 1, octets.count, stream)
        fclose(stream)
        files.append(file)
        return file
    }
}

extension TLSRequirement {
    /// DANE for `base`, with further reference identifiers.
    static func dane(
        _ records: [TLSARecord], base: String = "mx.example.com", references: [String] = []
    ) throws -> TLSRequirement {
        let baseDomain = try DomainName(base)
        return TLSRequirement(
            level: .authenticated, by: .dane,
            dane: DANEReference(
                baseDomain: baseDomain, records: records,
                referenceIdentifiers: try [baseDomain] + references.map { try DomainName($0) }),
            serverName: baseDomain, reason: Explanation("test"))
    }

    static func unverified(
        _ level: Level = .encrypted, name: String? = "mx.example.com", from floor: TLSVersionFloor = .tls12
    ) throws -> TLSRequirement {
        TLSRequirement(
            level: level, by: nil, dane: nil, serverName: try name.map { try DomainName($0) }, minimumVersion: floor,
            reason: Explanation("test"))
    }
}

/// A handshake of a DANE client with a server that presents `chain`.
func handshake(
    presenting chain: [TestCertificate], _ records: [TLSARecord], base: String = "mx.example.com",
    references: [String] = [], context: ClientContext? = nil
) throws -> HandshakeProgress {
    let pair = try Pair(
        context ?? Contexts.dane, .dane(records, base: base, references: references), to: .presenting(chain))
    return pair.handshake()
}
