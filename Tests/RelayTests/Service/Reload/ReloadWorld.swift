import Foundation
import Glibc
import Mail
import Net
import TLS
import Testing

@testable import Relay

/// A service that runs by a file which a test changes, with clients on Unix sockets.
struct ReloadWorld: Sendable {
    let folder: PolicyFolder
    let log = EventLog()

    var path: String { "\(folder.parent)/relayd.toml" }

    init() throws {
        folder = try PolicyFolder()
        try write("anchor", "")
    }

    func file(_ name: String) -> String { "\(folder.parent)/\(name)" }

    /// Under another name first, as certbot does, so that nobody reads half of it.
    func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws {
        try Data(text.utf8).write(to: URL(filePath: file("\(name).new")))
        try #require(chmod(file("\(name).new"), mode) == 0)
        try #require(rename(file("\(name).new"), file(name)) == 0)
    }

    /// The configuration that all tests begin with, and what a test adds to its tables or behind them.
    func configure(_ tables: [String: String] = [:], listen: [String] = ["a"], more: String = "") throws {
        let points = listen.map { "\"unix:\(file($0))\"" }.joined(separator: ", ")
        var all = [
            "server": "hostname = \"relay.example\"",
            "store": "directory = \"\(folder.path)\"\nminimum_free = \"1 MB\"",
            "intake": "listen = [\(points)]",
            "dns": "root_trust_anchor = \"\(file("anchor"))\"\nself_test_secure = \"\"\nself_test_bogus = \"\"",
            "delivery": "loopback = true\nconnection_limit = 50",
            "control": "socket = \"\(file("control"))\"",
        ]
        for (name, text) in tables { all[name] = all[name].map { "\($0)\n\(text)" } ?? text }
        let text = all.sorted { $0.key < $1.key }.map { "[\($0.key)]\n\($0.value)\n" }.joined()
        try write("relayd.toml", text + more)
    }

    /// - Parameter mode: what the resolver's worker does, in the words of the fixture.
    func start(_ mode: String = "silent") async throws -> Service {
        Signals.ignoreBrokenPipe()
        var parts = try await ServiceParts.make(
            try Configuration.load(path: path), path: path, program: ServiceWorld.worker, workerArguments: [mode],
            log: log.logger)
        parts.diskPatience = ServiceWorld.diskPatience
        let service = Service(parts)
        try await service.start()
        return service
    }

    /// Does `body` on a loop of `service`, which is stopped then.
    func serve(_ mode: String = "silent", _ body: @escaping @Sendable (Service) async throws -> Void) async throws {
        let service = try await start(mode)
        let loop = service.loops.next()
        let result: Result<Void, any Error> = await loop.task {
            do { return .success(try await body(service)) } catch { return .failure(error) }
        }.value
        await service.stop()
        try result.get()
    }
}

/// A client of the intake; lives on the loop it was made on.
struct ReloadClient {
    let stream: Net.Stream
    static let patience: Duration = .seconds(120)

    init(_ path: String) async throws {
        let loop = try #require(Loop.current)
        stream = try await Net.Stream.connect(to: .unix(path: path), on: loop, until: .after(Self.patience))
    }

    /// The lines of one reply.
    func reply() async throws -> [String] {
        var lines: [String] = []
        while true {
            guard case .line(let octets, _) = try await stream.readLine(limit: 4096, until: .after(Self.patience))
            else {
                return lines
            }
            let line = String(decoding: octets, as: UTF8.self)
            lines.append(line)
            if line.dropFirst(3).first != "-" { return lines }
        }
    }

    @discardableResult
    func say(_ line: String) async throws -> [String] {
        try await stream.write(Array("\(line)\r\n".utf8), until: .after(Self.patience))
        return try await reply()
    }

    /// What EHLO says of SIZE.
    func size() async throws -> String? {
        try await say("EHLO client.example").first { $0.contains("SIZE") }.map { String($0.dropFirst(4)) }
    }

    func send(from sender: String, to recipient: String) async throws {
        _ = try await reply()
        for line in ["EHLO client.example", "MAIL FROM:<\(sender)>", "RCPT TO:<\(recipient)>", "DATA"] {
            let answer = try await say(line)
            #expect(answer.last?.first == "2" || answer.last?.first == "3", "\(line): \(answer)")
        }
        let content =
            "From: <\(sender)>\r\nDate: Sun, 22 Nov 2026 01:00:00 +0000\r\nMessage-ID: <1@s.example>\r\n\r\nHello.\r\n."
        #expect(try await say(content).last?.hasPrefix("250") == true)
    }

    /// The names of the certificate that is shown to a TLS client.
    func certificateNames() async throws -> [String] {
        let context = try ClientContext(.unverified)
        let requirement = TLSRequirement(level: .encrypted, by: nil, serverName: nil, reason: Explanation("a test"))
        let made = try stream.withDescriptor {
            try TLSSession(client: context, descriptor: $0, requirement: requirement)
        }
        let session = try #require(made)
        return try await stream.secure(with: session, until: .after(Self.patience)).get().certificate?.names ?? []
    }
}

/// Another certificate than ``ScriptedHost``'s, for renewed.example. Good for nothing else.
enum RenewedCertificate {
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBxTCCAWugAwIBAgIUKF6UH0SspiHjO1RCgxEHxCZnLVcwCgYIKoZIzj0EAwIw
        KTENMAsGA1UECgwEVGVzdDEYMBYGA1UEAwwPcmVuZXdlZC5leGFtcGxlMCAXDTI2
        MTEyMjAxMTAwNFoYDzIxMjYxMDI5MDExMDA0WjApMQ0wCwYDVQQKDARUZXN0MRgw
        FgYDVQQDDA9yZW5ld2VkLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
        AAR5/aQXaVJYJSN05vX+EnKiSHZlgfLtHxuJA834wGb0erRRVM+2XvEZV3yCH0Hh
        8Gr4+6NH2Ds2EnKZy9XuNVzio28wbTAdBgNVHQ4EFgQUWwj9ztHe4OXw/kLoglNH
        tqIX2NwwHwYDVR0jBBgwFoAUWwj9ztHe4OXw/kLoglNHtqIX2NwwDwYDVR0TAQH/
        BAUwAwEB/zAaBgNVHREEEzARgg9yZW5ld2VkLmV4YW1wbGUwCgYIKoZIzj0EAwID
        SAAwRQIhAKCj+Xtj3OfFUdFrwZO74ifkRntZ8IUm3bXWa3OTTZdbAiBiSao6n5rd
        Rd2gJq/jsAaxM3wC0k6bEvx6BAPZ0/9EEQ==
        -----END CERTIFICATE-----
        """

    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgtEAvvQ3ooNOC5FeW
        tAah+qwYrBgLTDu3zFBi4KNzDeihRANCAAR5/aQXaVJYJSN05vX+EnKiSHZlgfLt
        HxuJA834wGb0erRRVM+2XvEZV3yCH0Hh8Gr4+6NH2Ds2EnKZy9XuNVzi
        -----END PRIVATE KEY-----
        """
}
