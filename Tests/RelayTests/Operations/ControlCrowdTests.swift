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
            let silent = try (0..<ControlServer.connectionLimit + 8).map { _ in try Self.connected(path) }
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
            let slow = try Self.connected(path)
            defer { close(slow) }
            _ = await Self.exchange(path, request)
            try await Task.sleep(for: SilentConnections.grace * 3)
            _ = await Self.exchange(path, request)
            try #require(send(slow, request, request.count, CInt(MSG_NOSIGNAL)) == request.count)
            let told = await Self.heard(by: slow)
            #expect(told.hasPrefix("HTTP/1.1 200 "), "\(told)")
        }
    }

    /// A client that says nothing.
    private static func connected(_ path: String) throws -> CInt {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafeBytes(of: address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { connect(descriptor, $0.baseAddress, socklen_t(bytes.count)) }
        }
        try #require(status == 0)
        return descriptor
    }

    /// All until the end, on a thread that may block.
    private static func heard(by descriptor: CInt) async -> String {
        await withCheckedContinuation { continuation in
            Thread {
                var octets: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 4096)
                while case let count = read(descriptor, &buffer, buffer.count), count > 0 { octets += buffer[..<count] }
                continuation.resume(returning: String(decoding: octets, as: UTF8.self))
            }.start()
        }
    }
}
