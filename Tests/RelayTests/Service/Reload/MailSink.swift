import Mail
import Net
import Synchronization

@testable import Relay

/// A mail host on loopback that takes everything, and notes the commands it was told.
final class MailSink: Sendable {
    let port: UInt16
    private let listener: Listener
    private let noted = Mutex<[String]>([])

    init(on loop: Loop) throws {
        listener = try Listener(on: loop, address: .v4(address: 0x7F00_0001, port: 0))
        guard case .v4(_, let port) = listener.address else { throw SocketError.closed }
        self.port = port
        Task(executorPreference: loop) { await self.run() }
    }

    /// Of all sessions, in order.
    var commands: [String] { noted.withLock { $0 } }

    func close() { listener.close() }

    private func run() async {
        while let stream = try? await listener.accept() {
            try? await serve(stream)
            stream.close()
        }
    }

    private func serve(_ stream: Net.Stream) async throws(SocketError) {
        let end = Deadline.after(.seconds(300))
        var isContent = false
        try await stream.write(Array("220 sink.example\r\n".utf8), until: end)
        while case .line(let octets, _) = try await stream.readLine(limit: 4096, until: end) {
            let line = String(decoding: octets, as: UTF8.self)
            if isContent, line != "." { continue }
            noted.withLock { $0.append(line) }
            isContent = line == "DATA"
            let reply = isContent ? "354 go" : line == "QUIT" ? "221 bye" : "250 ok"
            try await stream.write(Array("\(reply)\r\n".utf8), until: end)
            if line == "QUIT" { return }
        }
    }
}
