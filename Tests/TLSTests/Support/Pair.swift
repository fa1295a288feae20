import COpenSSL
import Glibc
import Mail
import Testing

@testable import TLS

/// Two ends of a socketpair, non-blocking, and closed at the end of the test.
final class SocketPair {
    private(set) var client: CInt = -1
    private(set) var server: CInt = -1

    private static let brokenPipesIgnored: Void = {
        signal(SIGPIPE, SIG_IGN)
    }()

    init() throws {
        Self.brokenPipesIgnored
        var descriptors: [CInt] = [-1, -1]
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        try #require(socketpair(AF_UNIX, kind, 0, &descriptors) == 0)
        client = descriptors[0]
        server = descriptors[1]
    }

    deinit {
        closeClient()
        closeServer()
    }

    func closeClient() {
        if client >= 0 { close(client) }
        client = -1
    }

    func closeServer() {
        if server >= 0 { close(server) }
        server = -1
    }
}

/// A client and a server in one thread.
final class Pair {
    let sockets: SocketPair
    let client: TLSSession
    let server: TLSSession

    init(
        _ context: ClientContext, _ requirement: TLSRequirement, to server: ServerContext,
        resumption: Resumption? = nil,
        trust: TrustStores = TrustStores(), identities: ClientIdentities = ClientIdentities()
    ) throws {
        sockets = try SocketPair()
        client = try TLSSession(
            client: context, descriptor: sockets.client, requirement: requirement, resumption: resumption, trust: trust,
            identities: identities)
        self.server = try TLSSession(server: server, descriptor: sockets.server)
    }

    /// Runs both to their ends; the client's result.
    @discardableResult
    func handshake() -> HandshakeProgress {
        for _ in 0..<20 {
            let client = client.handshake()
            let server = server.handshake()
            if client.hasEnded && server.hasEnded { return client }
        }
        return client.handshake()
    }

    /// Moves a line of text to the client, which also takes in the tickets before it.
    func serverSays(_ text: String) throws -> String {
        var line = Array(text.utf8)
        #expect(
            try line.withUnsafeMutableBytes { try server.write(from: UnsafeRawBufferPointer($0)) }
                == .wrote(text.utf8.count))
        return try client.readAll()
    }

    /// The host name the client sent, as the server saw it.
    var serverName: String? {
        SSL_get_servername(server.owned.pointer, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
    }
}

extension HandshakeProgress {
    var hasEnded: Bool {
        self != .wantRead && self != .wantWrite
    }

    var facts: TLSSessionFacts? {
        if case .done(let facts) = self { facts } else { nil }
    }

    /// The record and depth by which DANE said yes.
    var matched: TLSARecord? {
        if case .dane(let record, _) = facts?.verification { record } else { nil }
    }

    var depth: Int? {
        if case .dane(_, let depth) = facts?.verification { depth } else { nil }
    }

    var fault: CertificateFault? {
        if case .failed(let failure) = self, case .verification(let fault) = failure.kind { fault } else { nil }
    }

    var failure: HandshakeFailure.Kind? {
        if case .failed(let failure) = self { failure.kind } else { nil }
    }
}

extension TLSSession {
    /// All that can be read now.
    func readAll() throws -> String {
        var octets: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case .read(let count) = try buffer.withUnsafeMutableBytes({ try read(into: $0) }) {
            octets += buffer.prefix(count)
        }
        return String(decoding: octets, as: UTF8.self)
    }

    func readOnce() throws -> ReadProgress {
        var buffer = [UInt8](repeating: 0, count: 4096)
        return try buffer.withUnsafeMutableBytes { try read(into: $0) }
    }

    func writeOnce(_ octets: [UInt8]) throws -> WriteProgress {
        try octets.withUnsafeBytes { try write(from: $0) }
    }
}
