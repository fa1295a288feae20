import Foundation
import Mail
import Net
import Synchronization
import TLS

@testable import Relay

/// A mail host on loopback that answers each command with its line, and notes what it was told.
final class ScriptedHost: Sendable {
    struct Script: Sendable {
        var greeting = "220 mx.example ESMTP"
        var offersTLS = true
    }

    let loop: Loop
    let port: UInt16
    private let listener: Listener
    private let script: Script
    private let noted = Mutex<[String]>([])

    init(_ script: Script = Script(), on loop: Loop) throws {
        self.loop = loop
        self.script = script
        listener = try Listener(on: loop, address: .v4(address: 0x7F00_0001, port: 0))
        guard case .v4(_, let port) = listener.address else { throw SocketError.closed }
        self.port = port
    }

    /// Words of the commands of all sessions, in order.
    var commands: [String] { noted.withLock { $0 } }

    func close() { listener.close() }

    /// Serves one session after the other, until closed.
    func run() async {
        while let stream = try? await listener.accept() {
            try? await serve(stream)
            stream.close()
        }
    }

    private func serve(_ stream: Net.Stream) async throws {
        let end = Deadline.after(.seconds(300))
        let context = try ServerContext(certificateFile: Self.files.certificate, keyFile: Self.files.key)
        var isSecure = false
        try await stream.write(Array("\(script.greeting)\r\n".utf8), until: end)
        // The client speaks in turns: one read is one command.
        while let octets = try await stream.read(upTo: 4096, until: end) {
            let word = String(decoding: octets.prefix { $0 > 0x20 }, as: UTF8.self)
            noted.withLock { $0.append(word) }
            switch word {
            case "EHLO":
                let lines = ["mx.example", "PIPELINING"] + (script.offersTLS && !isSecure ? ["STARTTLS"] : [])
                let reply = lines.dropLast().map { "250-\($0)\r\n" }.joined() + "250 \(lines.last ?? "")\r\n"
                try await stream.write(Array(reply.utf8), until: end)
            case "STARTTLS":
                try await stream.write(Array("220 go\r\n".utf8), until: end)
                let session = try stream.withDescriptor { try TLSSession(server: context, descriptor: $0) }
                guard let session, case .success = await stream.secure(with: session, until: end) else { return }
                isSecure = true
            case "QUIT":
                try await stream.write(Array("221 bye\r\n".utf8), until: end)
                return
            default:
                try await stream.write(Array("502 no\r\n".utf8), until: end)
            }
        }
    }

    /// SHA-256 of the key below, as `3 1 1` has it.
    static let keyDigest = "b29e92fafecd7472a49cdb250588a52b57e6934036832034db0098b8c010f7b9"

    /// Paths of the certificate and its key.
    static let files = (certificate: namelessFile(certificate), key: namelessFile(key))

    /// The path of an open file that holds `text` and lies in no folder: it is gone with this process, however that ends.
    private static func namelessFile(_ text: String) -> String {
        let path = "/tmp/probe-\(UUID().uuidString)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        unlink(path)
        _ = Array(text.utf8).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        return "/proc/self/fd/\(descriptor)"
    }

    /// Made for this test and good for nothing else: CN and DNS name mx.example, until 2126, its own issuer.
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBtjCCAVygAwIBAgIUTm87Ov8UXq0J/ubsrHr8sIVfcYgwCgYIKoZIzj0EAwIw
        JDENMAsGA1UECgwEVGVzdDETMBEGA1UEAwwKbXguZXhhbXBsZTAgFw0yNjExMjEx
        MjQyNTJaGA8yMTI2MTAyODEyNDI1MlowJDENMAsGA1UECgwEVGVzdDETMBEGA1UE
        AwwKbXguZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMvMYCWz6Uek
        aQ/mJSRYJG5Mz51dEEhZ7YhvGz0KrPojny0xEIsx4uhHTYNRioPn1ARWDo42AbtT
        BCaAGcWL9BSjajBoMB0GA1UdDgQWBBRQZoNFpsHC81ttivWxOy5rQuMjRDAfBgNV
        HSMEGDAWgBRQZoNFpsHC81ttivWxOy5rQuMjRDAPBgNVHRMBAf8EBTADAQH/MBUG
        A1UdEQQOMAyCCm14LmV4YW1wbGUwCgYIKoZIzj0EAwIDSAAwRQIgI5w4nAEWQps4
        OQnyBRu8hyo2msMBMZNn0FNoL8NXXfUCIQCfcFxd5RhOGbS26vReWwLJuVKECyhj
        5e0qaoteVEpeeQ==
        -----END CERTIFICATE-----
        """

    static let key = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIM0dFDIWY7r8+5PSM83clsZ3k4e2tmToE6inXcXfS7FtoAoGCCqGSM49
        AwEHoUQDQgAEy8xgJbPpR6RpD+YlJFgkbkzPnV0QSFntiG8bPQqs+iOfLTEQizHi
        6EdNg1GKg+fUBFYOjjYBu1MEJoAZxYv0FA==
        -----END EC PRIVATE KEY-----
        """
}
