import Foundation
import Net
import Testing

@testable import Relay

@Suite("What answers at the socket and is no relayd", .timeLimit(.minutes(10)))
struct ForeignSocketTests {
    @Test(
        "a mail server, a web server, and what is neither",
        arguments: [
            "220 mail.example ESMTP\r\n221 2.7.0 Error: I can break rules, too. Goodbye.\r\n",
            "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", "\n",
        ])
    func foreign(answer: String) async throws {
        let path = "/tmp/foreign-\(UUID().uuidString.prefix(8)).sock"
        let loop = try Loop(name: "foreign")
        try loop.start()
        defer { loop.shutdown() }
        let listener = try Listener(on: loop, address: .unix(path: path))
        let running = loop.task {
            await ExchangePoint(loop: loop, listener: listener).run { _ in
            } serve: { stream, _ in
                defer { stream.close() }
                _ = await ExchangePoint.head(from: stream, until: .after(.seconds(300)))
                _ = try? await stream.write(Array(answer.utf8), until: .after(.seconds(300)))
            }
        }
        await #expect(throws: ControlClientError.foreign) {
            try await ControlClient(socket: path, patience: .seconds(300)).status()
        }
        running.cancel()
        await running.value
    }
}
