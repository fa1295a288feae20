import Foundation
import Glibc
import Mail
import Net
import TLS
import Testing

@testable import Relay

@Suite("AUTH exchanges", .timeLimit(.minutes(5)))
struct AuthExchangeTests {
    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    /// Plays a client that sends `lines` as they are, and hangs up.
    /// - Returns: how the exchange ended, and what the relay sent.
    private func exchange(
        _ mechanism: String, _ initial: String?, _ lines: String = "", world: UsersWorld? = nil, limit: Int = 256,
        timeout: Duration = .seconds(60), isOpen: Bool = false, isBytewise: Bool = false
    ) async throws -> (attempt: AuthAttempt, sent: String) {
        let world = try world ?? UsersWorld()
        let users = try world.users(limit: limit)
        let loop = try Loop(name: "auth")
        try loop.start()
        defer { loop.shutdown() }
        return try await loop.run {
            let pair = try Net.Stream.pair(on: loop)
            let stream = pair.stream
            let other = try Net.Stream(adopting: pair.takeOther(), on: loop)
            let exchange = AuthExchange(stream: stream, users: users, tlsBindings: [:], timeout: timeout)
            let known = try #require(SASLMechanismName(mechanism))
            async let ended = exchange.attempt(mechanism: known, initial: initial.map { Array($0.utf8) })
            if isBytewise {
                for octet in lines.utf8 {
                    try? await other.write([octet], until: .after(.seconds(60)))
                    await Task.yield()
                }
            } else {
                try? await other.write(Array(lines.utf8), until: .after(.seconds(60)))
            }
            if !isOpen { try? other.shutdownWrite() }
            let attempt = await ended
            stream.close()
            var sent: [UInt8] = []
            while let piece = try? await other.read(upTo: 65_536, until: .after(.seconds(60))) { sent += piece }
            return (attempt, String(decoding: sent, as: UTF8.self))
        }
    }

    static let dialogues:
        [(mechanism: String, initial: String?, lines: String, result: AuthenticationResult, sent: String)] = [
            ("PLAIN", "\0ada\0pencil", "", .succeeded(user: "ada"), ""),
            ("plain", nil, base64("\0ada\0pencil") + "\r\n", .succeeded(user: "ada"), "334 \r\n"),
            ("PLAIN", "ada\0ada\0pencil", "", .succeeded(user: "ada"), ""),
            ("PLAIN", "\0ada\0pen", "", .failed(.credentials), ""),
            ("PLAIN", "\0eve\0pencil", "", .failed(.credentials), ""),
            ("PLAIN", "eve\0ada\0pencil", "", .failed(.credentials), ""),
            ("PLAIN", nil, "*\r\n", .failed(.cancelled), "334 \r\n"),
            ("PLAIN", nil, "nonsense!\r\n", .failed(.malformed), "334 \r\n"),
            ("PLAIN", nil, "AGFkYQBwZW5jaWw\r\n", .failed(.malformed), "334 \r\n"),
            ("PLAIN", nil, "\r\n", .failed(.malformed), "334 \r\n"),
            ("PLAIN", nil, base64("\0ada\0pencil") + "\n", .failed(.malformed), "334 \r\n"),
            ("PLAIN", nil, "", .failed(.peerClosed), "334 \r\n"),
            ("PLAIN", nil, "AGFk", .failed(.peerClosed), "334 \r\n"),
            ("PLAIN", "", "", .failed(.malformed), ""),
            (
                "LOGIN", nil, base64("ada") + "\r\n" + base64("pencil") + "\r\n", .succeeded(user: "ada"),
                "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n"
            ),
            ("LOGIN", "ada", base64("pencil") + "\r\n", .succeeded(user: "ada"), "334 UGFzc3dvcmQ6\r\n"),
            ("LOGIN", "ada", base64("pen") + "\r\n", .failed(.credentials), "334 UGFzc3dvcmQ6\r\n"),
            ("LOGIN", "ada", "*\r\n", .failed(.cancelled), "334 UGFzc3dvcmQ6\r\n"),
            ("SCRAM-SHA-256", "p=tls-exporter,,n=ada,r=x", "", .failed(.credentials), ""),
            ("SCRAM-SHA-256-PLUS", "p=tls-exporter,,n=ada,r=x", "", .failed(.credentials), ""),
            ("SCRAM-SHA-256", "n,,n=ada", "", .failed(.malformed), ""),
        ]

    @Test("SRV-45 dialogues, at once and byte by byte", arguments: dialogues, [false, true])
    func dialogue(
        _ dialogue: (mechanism: String, initial: String?, lines: String, result: AuthenticationResult, sent: String),
        isBytewise: Bool
    ) async throws {
        let (attempt, sent) = try await exchange(
            dialogue.mechanism, dialogue.initial, dialogue.lines, isBytewise: isBytewise)
        #expect(attempt.result == dialogue.result)
        #expect(sent == dialogue.sent)
    }

    @Test("SRV-45 a line of 12,288 octets is read, and a longer one swallowed whole", arguments: [12_288, 12_289])
    func lineLimit(size: Int) async throws {
        let line = String(repeating: "A", count: size - 2) + "\r\n"
        let (attempt, _) = try await exchange("PLAIN", nil, line)
        // Either way no login: what fits is no message of PLAIN.
        #expect(attempt.result == .failed(size > AuthenticationResult.lineLimit ? .tooLong : .malformed))
    }

    @Test("SRV-45 454 where the backend has no room: the check is put off")
    func unavailable() async throws {
        let (attempt, _) = try await exchange("PLAIN", "\0ada\0pencil", limit: 0)
        #expect(attempt.result == .failed(.unavailable))
        #expect(attempt.failureLine(client: Peer.local(uid: nil)) == nil)
    }

    @Test("a client that does not answer is not waited for")
    func timeout() async throws {
        let (attempt, _) = try await exchange("LOGIN", nil, timeout: .milliseconds(1), isOpen: true)
        #expect(attempt.result == .failed(.timedOut))
    }

    @Test("the line for fail2ban: its keys in their order, and nothing forged by a name")
    func line() async throws {
        let client = Peer.address(try #require(IPAddress("192.0.2.9")))
        let (attempt, _) = try await exchange("PLAIN", "\0ada\0pen")
        #expect(
            attempt.failureLine(client: client)?.text
                == "event=auth-failed client=192.0.2.9 user=ada mechanism=PLAIN reason=wrong-password")
        let (forged, _) = try await exchange("PLAIN", "\0x client=198.51.100.1 \"\0pen")
        #expect(
            forged.failureLine(client: client)?.text
                == #"event=auth-failed client=192.0.2.9 user="x client=198.51.100.1 \"" mechanism=PLAIN "#
                + "reason=unknown-user")
        let (nobody, _) = try await exchange("PLAIN", nil, "nonsense!\r\n")
        #expect(
            nobody.failureLine(client: client)?.text
                == "event=auth-failed client=192.0.2.9 user=- mechanism=PLAIN reason=malformed")
        let (good, _) = try await exchange("PLAIN", "\0ada\0pencil")
        #expect(good.failureLine(client: client) == nil)
        let (cancelled, _) = try await exchange("PLAIN", nil, "*\r\n")
        #expect(cancelled.failureLine(client: client) == nil)
    }
}
