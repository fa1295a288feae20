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

    @Test("while the store hangs, who asked and went away holds no place; who only has no more to say gets the answer")
    func gone() async throws {
        let path = "/tmp/crowd-\(UUID().uuidString.prefix(8)).sock"
        let loop = try Loop(name: "crowd")
        try loop.start()
        defer { loop.shutdown() }
        let listener = try Listener(on: loop, address: .unix(path: path))
        let store = Task { _ = try? await Task.sleep(for: .seconds(3600)) }
        let (asked, asks) = AsyncStream<Void>.makeStream()
        let running = loop.task {
            await ExchangePoint(loop: loop, listener: listener).run { _ in
            } serve: { stream, heard in
                defer { stream.close() }
                let deadline = Deadline.after(.seconds(300))
                guard case .octets(let head, rest: _) = await ExchangePoint.head(from: stream, until: deadline) else {
                    return
                }
                heard()
                if head.starts(with: Array("HANG".utf8)) {
                    asks.yield()
                    await store.value
                }
                _ = try? await stream.write(Array("answer".utf8), until: deadline)
            }
        }
        let question = Array("HANG\r\n\r\n".utf8)
        var questions = asked.makeAsyncIterator()
        let clients = try (0..<ExchangePoint.connectionLimit).map { _ in try #require(Self.connected(path)) }
        for client in clients {
            try #require(send(client, question, question.count, CInt(MSG_NOSIGNAL)) == question.count)
            await questions.next()
        }
        #expect(shutdown(clients[0], CInt(SHUT_WR)) == 0)
        for client in clients.dropFirst() { close(client) }
        #expect(await Self.exchange(path, Array("GET\r\n\r\n".utf8)) == "answer")
        store.cancel()
        #expect(await Self.heard(by: clients[0]) == "answer")
        close(clients[0])
        running.cancel()
        await running.value
    }

    /// All until the end, on a thread that may block.
    private static func heard(by descriptor: CInt) async -> String {
        await withCheckedContinuation { continuation in
            Thread { continuation.resume(returning: all(from: descriptor)) }.start()
        }
    }
}
