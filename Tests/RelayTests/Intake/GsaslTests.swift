import Foundation
import Glibc
import Mail
import Net
import Testing

@testable import Relay

/// GNU SASL logs in: a client that shares no line with ours.
@Suite("GNU SASL as a client", .enabled(if: access("/usr/bin/gsasl", X_OK) == 0), .timeLimit(.minutes(5)))
struct GsaslTests {
    /// One session that offers a mechanism: greeting, EHLO, AUTH, QUIT.
    private func serve(_ stream: Net.Stream, _ mechanism: String, _ users: Users) async -> AuthenticationResult? {
        var result: AuthenticationResult?
        func say(_ text: String) async {
            try? await stream.write(Array("\(text)\r\n".utf8), until: .after(.seconds(60)))
        }
        await say("220 relay.example")
        while case .line(let line, _) = try? await stream.readLine(limit: 12_288, until: .after(.seconds(60))) {
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            switch words.first?.uppercased() {
            case "EHLO":
                await say("250-relay.example\r\n250 AUTH \(mechanism)")
            case "AUTH" where words.count >= 2:
                var initial: [UInt8]?
                if words.count > 2, case .octets(let octets) = SASLLine.initialResponse(Array(words[2].utf8)) {
                    initial = octets
                }
                let exchange = AuthExchange(stream: stream, users: users, tlsBindings: [:], timeout: .seconds(60))
                guard let known = SASLMechanismName(String(words[1])) else { return nil }
                result = await exchange.attempt(mechanism: known, initial: initial).result
                if case .succeeded = result { await say("235 2.7.0 Ok") } else { await say("535 5.7.8 No") }
            case "QUIT":
                await say("221 Bye")
                return result
            default:
                await say("250 Ok")
            }
        }
        return result
    }

    @Test(
        "SRV-45 logs in, and does not with another password or name",
        arguments: ["PLAIN", "LOGIN", "SCRAM-SHA-256"], [("ada", "pencil"), ("ada", "pen"), ("eve", "pencil")])
    func login(mechanism: String, who: (name: String, password: String)) async throws {
        let users = try UsersWorld().users()
        let loop = try Loop(name: "auth")
        try loop.start()
        defer { loop.shutdown() }
        let result = try await loop.run {
            let listener = try Listener(on: loop, address: .v4(address: 0x7F00_0001, port: 0))
            defer { listener.close() }
            let client = Process()
            client.executableURL = URL(filePath: "/usr/bin/gsasl")
            client.arguments = [
                "--smtp", "--no-starttls", "--connect=127.0.0.1:\(listener.address.port ?? 0)",
                "--mechanism=\(mechanism)",
                "--authentication-id=\(who.name)", "--password=\(who.password)", "--no-cb", "--quiet",
            ]
            client.standardInput = FileHandle.nullDevice
            client.standardOutput = FileHandle.nullDevice
            client.standardError = FileHandle.nullDevice
            try client.run()
            let stream = try await listener.accept(on: loop)
            let result = await serve(stream, mechanism, users)
            stream.close()
            if client.isRunning { client.terminate() }
            return result
        }
        #expect(result == (who == ("ada", "pencil") ? .succeeded(user: "ada") : .failed(.credentials)))
    }
}
