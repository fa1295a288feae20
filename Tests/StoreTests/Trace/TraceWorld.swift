import Foundation
import GRDB
import Glibc
import Mail
import Testing

@testable import Store

/// A folder for a trace, and makers of lives.
final class TraceWorld: Sendable {
    let path: String

    static let start = WallTime(seconds: 1_800_000_000)
    static let day: Int64 = 86_400
    static let roomy = TraceLimits(keep: 30 * day, octets: 1 << 30)

    init() throws {
        path = "/tmp/trace-tests-\(Fixture.id())"
        try #require(mkdir(path, 0o700) == 0)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func open(_ limits: TraceLimits = TraceWorld.roomy, now: WallTime = TraceWorld.start) throws -> TraceStore {
        try TraceStore.open(directory: path, limits: limits, now: now)
    }

    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }

    /// Octets of the file.
    var size: Int64 {
        var status = stat()
        return stat("\(path)/trace.db", &status) == 0 ? Int64(status.st_size) : -1
    }

    /// Runs SQL on the closed file.
    func execute(_ sql: String) throws {
        let queue = try DatabaseQueue(path: "\(path)/trace.db")
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
    }

    static func id() -> QueueID {
        var generator = SystemRandomNumberGenerator()
        return QueueID(using: &generator)
    }

    static func attempt(_ number: Int = 0, reply: String = "250 2.0.0 taken") -> Life.Attempt {
        Life.Attempt(
            time: start.advanced(by: Int64(number)), host: "mx\(number).example.net", address: "192.0.2.7",
            tlsLevel: "authenticated", verifiedBy: "dane", requiredBy: "dane", tls: "TLSv1.3", result: "delivered",
            reply: reply, milliseconds: 312, times: "12/30/41/229")
    }

    static func recipient(_ address: String, attempts: [Life.Attempt] = [attempt()]) -> Life.Recipient {
        Life.Recipient(
            address: address, destination: "example.net", outcome: .delivered, reply: "250 2.0.0 taken",
            host: "mx0.example.net", attempts: attempts)
    }

    static func life(
        _ id: QueueID = id(), messageID: String? = nil, from sender: String = "shop@example.org",
        to recipients: [String] = ["ann@example.net"], endedAt seconds: Int64 = 0
    ) -> Life {
        Life(
            id: id, messageID: messageID, sender: sender, receivedAt: start, endedAt: start.advanced(by: seconds),
            size: 1234, client: Life.Client(name: "app.example.org", address: "192.0.2.1", login: "app"),
            recipients: recipients.map { recipient($0) })
    }
}

extension TraceStore {
    /// The ids of what is found, in its order.
    func ids(_ key: TraceKey, limit: Int = 100) async throws -> [QueueID] {
        try await find(key, limit: limit).compactMap { $0.life?.id }
    }
}
