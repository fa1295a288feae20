import Foundation
import Glibc
import Net
import Testing

@testable import Relay

/// More clients than there are places.
extension ControlTests {
    @Test(
        "where all places are held by clients that say nothing, the next one is answered, and the oldest of them is told why it goes"
    )
    func crowd() async throws {
        try await serve { path in
            let silent = try (0..<ControlServer.connectionLimit + 8).map { _ in try #require(Self.connected(path)) }
            defer { for descriptor in silent { close(descriptor) } }
            let answer = await Self.exchange(path, Array("GET /v1/status HTTP/1.1\r\n\r\n".utf8))
            #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
            let told = await Self.heard(by: silent[0])
            #expect(told.hasPrefix("HTTP/1.1 503 ") && told.contains("\"busy\""), "\(told)")
        }
    }

    @Test("where there is room nobody is sent away for being slow, however many were served before")
    func slowOneAlone() async throws {
        try await serve { path in
            let request = Array("GET /v1/status HTTP/1.1\r\n\r\n".utf8)
            for _ in 0..<ControlServer.connectionLimit + 1 { _ = await Self.exchange(path, request) }
            let slow = try #require(Self.connected(path))
            defer { close(slow) }
            _ = await Self.exchange(path, request)
            try await Task.sleep(for: ServedConnections.grace * 3)
            _ = await Self.exchange(path, request)
            try #require(send(slow, request, request.count, CInt(MSG_NOSIGNAL)) == request.count)
            let told = await Self.heard(by: slow)
            #expect(told.hasPrefix("HTTP/1.1 200 "), "\(told)")
        }
    }

    /// All until the end, on a thread that may block.
    private static func heard(by descriptor: CInt) async -> String {
        await withCheckedContinuation { continuation in
            Thread { continuation.resume(returning: all(from: descriptor)) }.start()
        }
    }
}
